import * as z from "zod";
import { digestSchema } from "./digest.ts";

// https://github.com/opencontainers/image-spec/blob/main/config.md

const list = z.preprocess((value) => value ?? undefined, z.array(z.string()).optional());
const set = z.preprocess((value) => value ?? undefined, z.record(z.string(), z.unknown()).optional());

export const imageConfigSchema = z.looseObject({
  architecture: z.string().default("amd64"),
  os: z.string().default("linux"),
  variant: z.string().optional(),
  created: z.string().nullish(),
  author: z.string().optional(),
  config: z
    .looseObject({
      User: z.string().optional(),
      Env: list,
      Entrypoint: list,
      Cmd: list,
      WorkingDir: z.string().optional(),
      Labels: z.preprocess((value) => value ?? undefined, z.record(z.string(), z.string()).optional()),
      Volumes: set,
      ExposedPorts: set,
      StopSignal: z.string().optional(),
    })
    .nullish(),
  rootfs: z.object({
    type: z.literal("layers"),
    diff_ids: z.preprocess((value) => value ?? [], z.array(digestSchema)),
  }),
  history: z.preprocess((value) => value ?? undefined, z.array(z.looseObject({})).optional()),
});

/** An image's configuration; unknown keys are kept, because its digest covers them. */
export type ImageConfig = z.output<typeof imageConfigSchema>;

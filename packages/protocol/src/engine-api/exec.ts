import * as z from "zod";
import { goList, goObject } from "../json.ts";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Exec

const text = z.string().default("");
const flag = z.boolean().default(false);

export const execCreateBodySchema = goObject({
  User: text,
  Privileged: flag,
  Tty: flag,
  /** Rows, columns. */
  ConsoleSize: goList(z.number().int()),
  AttachStdin: flag,
  AttachStderr: flag,
  AttachStdout: flag,
  DetachKeys: text,
  Env: goList(z.string()),
  WorkingDir: text,
  Cmd: goList(z.string()),
});

/** The body of `POST /containers/{id}/exec`. */
export type ExecCreateBody = z.output<typeof execCreateBodySchema>;

export const execStartBodySchema = goObject({
  Detach: flag,
  Tty: flag,
  ConsoleSize: goList(z.number().int()),
});

/** What `GET /exec/{id}/json` answers. */
export interface ExecInspect {
  readonly ID: string;
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly ProcessConfig: {
    readonly tty: boolean;
    readonly entrypoint: string;
    readonly arguments: readonly string[];
    readonly privileged: boolean;
    readonly user?: string;
  };
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  /** The bytes in base64. */
  readonly DetachKeys: string;
  readonly Pid: number;
}

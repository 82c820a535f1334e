import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeIssue } from "@davit/protocol";
import * as z from "zod";
import { errnoOf, Failure, messageOf } from "../failure.ts";
import type { TlsMaterial } from "./endpoint.ts";

// Written by `docker context create`: contexts/meta/<id>/meta.json and contexts/tls/<id>/docker/*.pem.
const metaSchema = z.looseObject({
  Name: z.string(),
  Endpoints: z
    .looseObject({
      docker: z
        .looseObject({ Host: z.string().optional(), SkipTLSVerify: z.boolean().optional() })
        .optional(),
    })
    .optional(),
});

export interface DockerContext {
  /** Empty for the default one. */
  readonly host: string;
  readonly tls: TlsMaterial | undefined;
}

/** A context of the docker CLI, by its name. */
export function readDockerContext(configDirectory: string, name: string): DockerContext {
  // Loaded here only: it costs milliseconds.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const id = createHash("sha256").update(name).digest("hex");
  const path = join(configDirectory, "contexts/meta", id, "meta.json");
  const content = readIfThere(path);
  if (content === undefined) {
    throw new Failure(
      `Failed to initialize: unable to resolve docker endpoint: context "${name}": context not found: open ${path}: no such file or directory`,
    );
  }
  const { Host = "", SkipTLSVerify = false } = parseMeta(content, path).Endpoints?.docker ?? {};
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((file) =>
    readIfThere(join(configDirectory, "contexts/tls", id, "docker", file)),
  );
  const found = ca !== undefined || cert !== undefined || key !== undefined;
  if (!found && !SkipTLSVerify) return { host: Host, tls: undefined };
  const material = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return { host: Host, tls: { ...material, verify: !SkipTLSVerify } };
}

function parseMeta(content: string, path: string): z.output<typeof metaSchema> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new Failure(`parse ${path}: ${messageOf(error)}`, { cause: error });
  }
  const parsed = metaSchema.safeParse(value);
  if (!parsed.success) throw new Failure(`parse ${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw new Failure(`open ${path}: ${messageOf(error)}`, { cause: error });
  }
}

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeIssue } from "@davit/protocol";
import * as z from "zod";
import { errnoOf, Failure, messageOf } from "../failure.ts";

const authEntrySchema = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});

const configFileSchema = z.looseObject({
  auths: z.record(z.string(), authEntrySchema).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  psFormat: z.string().optional(),
  imagesFormat: z.string().optional(),
  pluginsFormat: z.string().optional(),
  volumesFormat: z.string().optional(),
  networksFormat: z.string().optional(),
  statsFormat: z.string().optional(),
  /** The context chosen with `docker context use`. */
  currentContext: z.string().optional(),
  /** Keys that leave an attached container running. */
  detachKeys: z.string().optional(),
  /** Sent with every request. */
  HttpHeaders: z.record(z.string(), z.string()).optional(),
});

/** What a docker client keeps in `config.json`; keys of other programs are kept when it is written back. */
export type ConfigFile = z.output<typeof configFileSchema>;
export type AuthEntry = z.output<typeof authEntrySchema>;

/** `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. */
export function configPath(env: Readonly<Record<string, string | undefined>>): string {
  const directory = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  return join(directory, "config.json");
}

/** A missing file is an empty one. */
export function readConfigFile(path: string): ConfigFile {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return {};
    throw new Failure(`read ${path}: ${messageOf(error)}`, { cause: error });
  }
  return parseConfigFile(content, path);
}

export function parseConfigFile(content: string, path: string): ConfigFile {
  if (content.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new Failure(`parse ${path}: ${messageOf(error)}`, { cause: error });
  }
  const parsed = configFileSchema.safeParse(value);
  if (!parsed.success) throw new Failure(`parse ${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}

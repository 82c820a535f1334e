import { readFileSync } from "node:fs";
import * as z from "zod";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import { foreignKeys, refusalOf } from "./foreign-options.ts";
import { type Given, options } from "./options.ts";

export interface ConfigFile {
  readonly given: Given;
  /** About keys that mean nothing here. */
  readonly warnings: readonly string[];
}

/** The settings of a `daemon.json`; a missing file at the default place is empty. */
export function readConfigFile(path: string): ConfigFile {
  try {
    return parseConfigFile(readText(path));
  } catch (error) {
    throw new EngineError("invalid", `${inFile(path)}: ${messageOf(error)}`, { cause: error });
  }
}

/** As dockerd begins to tell what is wrong with a file. */
export const inFile = (path: string): string => `unable to configure the Docker daemon with file ${path}`;

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" && path === options.configFile.fallback) return "{}";
    throw error;
  }
}

/** Keys that are known, those of dockerd that mean nothing here as warnings; refuses all others by name. */
export function parseConfigFile(text: string): ConfigFile {
  const values = objectSchema.safeParse(text.trim() === "" ? {} : JSON.parse(text));
  if (!values.success) throw new EngineError("invalid", "expected a JSON object");
  const known = new Set<string>(Object.values(options).map(({ key }) => key));
  known.delete(options.configFile.key);
  const given: Record<string, unknown> = {};
  const warnings: string[] = [];
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(withProxies(values.data))) {
    const foreign = foreignKeys.get(key);
    const refusal = foreign === undefined ? undefined : refusalOf(foreign, value);
    if (refusal !== undefined) throw new EngineError("invalid", `${key}: ${refusal}`);
    if (known.has(key)) given[key] = value;
    else if (foreign === undefined) unknown.push(key);
    else warnings.push(`${key} in the configuration file has no meaning for this engine and is ignored`);
  }
  if (unknown.length > 0) {
    throw new EngineError(
      "invalid",
      `the following directives don't match any configuration option: ${unknown.join(", ")}`,
    );
  }
  return { given, warnings };
}

const objectSchema = z.record(z.string(), z.unknown());

/** Proxies stand together in the file, and each alone among the flags. */
function withProxies({ proxies, ...values }: Given): Given {
  if (proxies === undefined) return values;
  const parsed = objectSchema.safeParse(proxies);
  if (!parsed.success) throw new EngineError("invalid", "proxies: expected a JSON object");
  return { ...values, ...parsed.data };
}

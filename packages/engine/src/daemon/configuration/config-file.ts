import { readFileSync } from "node:fs";
import * as z from "zod";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { Given } from "./configuration.ts";
import { ignoredFlags, options, refusedFlags } from "./options.ts";

const plural: Readonly<Record<string, string>> = { "authorization-plugins": "authorization-plugin" };

/** The settings of a `daemon.json`, and warnings about keys that mean nothing here; a missing file at the default place is empty. */
export function readConfigFile(path: string): {
  readonly given: Given;
  readonly warnings: readonly string[];
} {
  const values = parse(path);
  const known = new Set(Object.values(options).map(({ key }) => key));
  const given: Record<string, unknown> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    const flag = plural[key] ?? key;
    const refused = refusedFlags[flag];
    if (refused !== undefined && !(Array.isArray(value) && value.length === 0)) {
      throw new EngineError("invalid", `configuration file ${path}: ${key}: ${refused}`);
    }
    if (known.has(key)) given[key] = value;
    else if (ignoredFlags.includes(flag) || ignoredFlags.includes(flag.replace(/s$/, ""))) {
      warnings.push(`${key} in ${path} has no meaning for this engine and is ignored`);
    } else {
      throw new EngineError(
        "invalid",
        `configuration file ${path}: the following directives don't match any configuration option: ${key}`,
      );
    }
  }
  return { given, warnings };
}

function parse(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" && path === options.configFile.fallback) return {};
    throw new EngineError("invalid", `reading configuration file: ${messageOf(error)}`, { cause: error });
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new EngineError("invalid", `configuration file ${path}: ${messageOf(error)}`, { cause: error });
  }
}

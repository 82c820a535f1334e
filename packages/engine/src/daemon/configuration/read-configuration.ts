import { wrapError } from "../../core/errors.ts";
import { inFile, readConfigFile } from "./config-file.ts";
import { type Configuration, mergeConfiguration } from "./configuration.ts";
import { type Given, options } from "./options.ts";

export interface ReadConfiguration {
  readonly configuration: Configuration;
  readonly warnings: readonly string[];
}

/** The settings that flags and the file of this moment make; kind invalid if they are wrong. */
export function readConfiguration(flags: Given): ReadConfiguration {
  const named = flags[options.configFile.key];
  const path = typeof named === "string" ? named : options.configFile.fallback;
  const file = readConfigFile(path);
  // What is wrong with the flags alone is not the file's fault.
  mergeConfiguration(flags, {});
  try {
    return { configuration: mergeConfiguration(flags, file.given), warnings: file.warnings };
  } catch (error) {
    throw wrapError(inFile(path), error);
  }
}

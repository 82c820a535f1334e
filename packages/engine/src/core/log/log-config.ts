import { EngineError, messageOf, wrapError } from "../errors.ts";
import { checkTag } from "./log-tag.ts";
import { parseBytes, parseInteger, parseSwitch } from "./quantities.ts";

/** Which driver gets a container's output, and its options, as a request has them. */
export interface LogConfig {
  readonly Type: string;
  readonly Config: Readonly<Record<string, string>>;
}

/** Drivers that the engine has itself. */
export const builtInLogDrivers = ["journald", "json-file", "local", "none"] as const;
export type BuiltInLogDriver = (typeof builtInLogDrivers)[number];

/** Files that are kept of an output. */
export interface FileLimits {
  /** Infinity for no limit. */
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly compress: boolean;
}

/** What a plugin may be behind by. */
export interface PluginLogSettings {
  /** Undelivered output past this is dropped, the oldest first. */
  readonly bufferBytes: number;
  /** What of the output is kept to be read here, by bytes; undefined if nothing is. */
  readonly cacheBytes: number | undefined;
}

const attributeOptions = ["labels", "labels-regex", "env", "env-regex", "tag"];
const fileOptions = ["max-size", "max-file", "compress"];
const cacheOptions = ["cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"];
/** They mean something with every driver. */
const commonOptions: ReadonlySet<string> = new Set(["mode", "max-buffer-size", ...cacheOptions]);

export const isBuiltInLogDriver = (name: string): name is BuiltInLogDriver =>
  builtInLogDrivers.some((driver) => driver === name);

/** What was asked for with the daemon's defaults: its options belong to its driver, those of the cache to all. */
export function withLogDefaults(asked: LogConfig, defaults: LogConfig): LogConfig {
  const Type = asked.Type || defaults.Type;
  const inherited = Object.entries(defaults.Config).filter(
    ([key]) => Type === defaults.Type || cacheOptions.includes(key),
  );
  return { Type, Config: { ...Object.fromEntries(inherited), ...asked.Config } };
}

/** Invalid, in the Engine's words, for options that the driver does not take. Options of plugins are theirs to check. */
export function checkLogConfig({ Type, Config }: LogConfig): void {
  if (Type === "none") return;
  checkMode(Config);
  if ("cache-disabled" in Config) {
    try {
      parseSwitch(Config["cache-disabled"] ?? "");
    } catch (error) {
      const message = `invalid value for option cache-disabled: ${Config["cache-disabled"] ?? ""}`;
      throw new EngineError("invalid", message, { cause: error });
    }
  }
  if (Type === "json-file") {
    checkNames(Config, [...fileOptions, ...attributeOptions], (name) => `${name} for json-file log driver`);
    jsonFileLimits(Config);
    checkAttributes(Config);
  } else if (Type === "journald") {
    checkNames(Config, attributeOptions, (name) => `${name} for journald log driver`);
    checkAttributes(Config);
  } else if (Type === "local") {
    checkNames(Config, fileOptions, (name) => `${name} for log driver local`);
    localLimits(Config);
  } else {
    pluginLogSettings(Config);
  }
}

function checkAttributes(options: LogConfig["Config"]): void {
  for (const key of ["labels-regex", "env-regex"]) if (options[key] !== undefined) parsePattern(options[key]);
  checkTag(options["tag"] ?? "");
}

function checkMode({ mode = "", ...options }: LogConfig["Config"]): void {
  if (!["", "blocking", "non-blocking"].includes(mode)) {
    throw new EngineError("invalid", `logger: logging mode not supported: ${mode}`);
  }
  const size = options["max-buffer-size"];
  if (size === undefined) return;
  if (mode !== "non-blocking") {
    throw new EngineError(
      "invalid",
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    );
  }
  inOption("error parsing option max-buffer-size", () => parseBytes(size, 1024));
}

function checkNames(
  options: LogConfig["Config"],
  known: readonly string[],
  place: (name: string) => string,
): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key) && !commonOptions.has(key));
  if (unknown !== undefined) throw new EngineError("invalid", `unknown log opt ${place(`'${unknown}'`)}`);
}

function inOption<Value>(context: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw wrapError(context, error);
  }
}

/** Of `json-file`; unlimited by default. */
export function jsonFileLimits(options: LogConfig["Config"]): FileLimits {
  const size = options["max-size"];
  const maxBytes = size === undefined ? Number.POSITIVE_INFINITY : parseBytes(size, 1000);
  if (maxBytes <= 0) throw new EngineError("invalid", "max-size must be a positive number");
  const maxFiles = parseInteger(options["max-file"] ?? "1");
  if (maxFiles < 1) throw new EngineError("invalid", "max-file cannot be less than 1");
  const compress = parseSwitch(options["compress"] ?? "false");
  if (compress && (maxFiles === 1 || size === undefined)) {
    throw new EngineError(
      "invalid",
      "compress cannot be true when max-file is less than 2 or max-size is not set",
    );
  }
  return { maxBytes, maxFiles, compress };
}

const localDefaults = { size: "20m", files: "5", compress: "true" };

/** Of `local`. */
export function localLimits(options: LogConfig["Config"]): FileLimits {
  const size = options["max-size"] ?? localDefaults.size;
  const maxBytes = inOption(`invalid value for max-size: ${size}`, () => parseBytes(size, 1024));
  const files = options["max-file"] ?? localDefaults.files;
  const maxFiles = inOption(`invalid value for max-file: ${files}`, () => parseInteger(files));
  const compress = inOption("error reading compress log option", () =>
    parseSwitch(options["compress"] ?? localDefaults.compress),
  );
  if (compress && maxFiles <= 1) {
    throw new EngineError("invalid", "compression cannot be enabled when max file count is 1");
  }
  const fallback = parseBytes(localDefaults.size, 1024);
  return { maxBytes: maxBytes > 0 ? maxBytes : fallback, maxFiles: Math.max(1, maxFiles), compress };
}

/** What a plugin may be behind by where no smaller buffer is asked for: as much as the cache keeps by default. */
const defaultBufferBytes = 100 * 1024 * 1024;
const nonBlockingBufferBytes = 1024 * 1024;

export function pluginLogSettings(options: LogConfig["Config"]): PluginLogSettings {
  const nonBlocking = options["mode"] === "non-blocking";
  const size = options["max-buffer-size"];
  const asked = size === undefined ? 0 : parseBytes(size, 1024);
  return {
    bufferBytes: nonBlocking ? asked || nonBlockingBufferBytes : defaultBufferBytes,
    cacheBytes: parseSwitch(options["cache-disabled"] ?? "false") ? undefined : cacheBytes(options),
  };
}

function cacheBytes(options: LogConfig["Config"]): number {
  const limits = localLimits({
    ...(options["cache-max-size"] === undefined ? {} : { "max-size": options["cache-max-size"] }),
    ...(options["cache-max-file"] === undefined ? {} : { "max-file": options["cache-max-file"] }),
    compress: "false",
  });
  if (options["cache-compress"] !== undefined) parseSwitch(options["cache-compress"]);
  return limits.maxBytes * limits.maxFiles;
}

/** A pattern of names; Go's syntax where JavaScript has the same. */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new EngineError("invalid", `error parsing regexp: ${messageOf(error)}`, { cause: error });
  }
}

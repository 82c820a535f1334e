import {
  describeIssue,
  type PluginConfig,
  type PluginDevice,
  type PluginMount,
  type PluginSettings,
  pluginConfigSchema,
} from "@davit/protocol";
import { EngineError, messageOf } from "../errors.ts";

export interface ParsedConfig {
  readonly config: PluginConfig;
  /** Paths of what was written and means nothing: `Env.0.Sttable`. */
  readonly unknownKeys: readonly string[];
}

/** Decodes a `config.json`, the author's or a registry's. `context` begins the message of a failure. */
export function parsePluginConfig(bytes: Uint8Array, context: string): ParsedConfig {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new EngineError("invalid", `${context}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new EngineError("invalid", `${context}: expected a JSON object`);
  }
  const result = pluginConfigSchema.safeParse(value);
  if (!result.success) {
    throw new EngineError("invalid", `${context}: ${describeIssue(result.error)}`, { cause: result.error });
  }
  requirePlainSocket(result.data, context);
  return { config: result.data, unknownKeys: unknownKeys(value, result.data, "") };
}

/** The Engine wrote its version into what it made, up to 28. */
const formerKeys: ReadonlySet<string> = new Set(["dockerversion"]);

/** Keys of `written`, in any case, that `read` has not taken. */
function unknownKeys(written: unknown, read: unknown, path: string): readonly string[] {
  if (typeof written !== "object" || written === null || typeof read !== "object" || read === null) return [];
  const taken = new Map(Object.entries(read).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(written).flatMap(([key, value]) => {
    const name = key.toLowerCase();
    if (value === null || formerKeys.has(name)) return [];
    return taken.has(name) ? unknownKeys(value, taken.get(name), `${path}${key}.`) : [path + key];
  });
}

/** The socket is a file name inside the plugin's own directory: a path could leave it. */
function requirePlainSocket(config: PluginConfig, context: string): void {
  const { Socket } = config.Interface;
  if (Socket === "." || Socket === ".." || Socket.includes("/") || Socket.includes("\0")) {
    throw new EngineError(
      "invalid",
      `${context}: Interface.Socket: expected a file name, got ${JSON.stringify(Socket)}`,
    );
  }
}

/** The bytes that are stored, hashed and pushed: canonical keys in the wire's order, Go's escapes, a final newline. */
export function encodePluginConfig(config: PluginConfig): Uint8Array {
  const json = JSON.stringify(withNulls(config)).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new TextEncoder().encode(`${json}\n`);
}

/** The config as the API gives it: values that may be absent are `null` and ids of 0 left out, keys in the wire's order. */
export function withNulls(config: PluginConfig) {
  return {
    ...config,
    Env: config.Env.map(({ Description, Name, Settable, Value }) => ({
      Description,
      Name,
      Settable,
      Value: Value ?? null,
    })),
    Linux: { ...config.Linux, Devices: config.Linux.Devices.map(deviceWithNulls) },
    Mounts: config.Mounts.map(mountWithNulls),
    User: { UID: config.User.UID || undefined, GID: config.User.GID || undefined },
  };
}

/** The settings as the API gives them. */
export const settingsWithNulls = (settings: PluginSettings) => ({
  ...settings,
  Devices: settings.Devices.map(deviceWithNulls),
  Mounts: settings.Mounts.map(mountWithNulls),
});

const mountWithNulls = ({
  Description,
  Destination,
  Name,
  Options,
  Settable,
  Source,
  Type,
}: PluginMount) => ({
  Description,
  Destination,
  Name,
  Options,
  Settable,
  Source: Source ?? null,
  Type,
});

const deviceWithNulls = ({ Description, Name, Path, Settable }: PluginDevice) => ({
  Description,
  Name,
  Path: Path ?? null,
  Settable,
});

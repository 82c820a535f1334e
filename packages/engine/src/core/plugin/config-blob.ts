import { describeIssue, type PluginConfig, pluginConfigSchema } from "@davit/protocol";
import { EngineError, messageOf } from "../errors.ts";

/** Decodes a `config.json`, the author's or a registry's. `context` begins the message of a failure. */
export function parsePluginConfig(bytes: Uint8Array, context: string): PluginConfig {
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
  return result.data;
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

/** The config as the API gives it: values that may be absent are `null` and ids of 0 left out, as in the Engine. */
export function withNulls(config: PluginConfig) {
  return {
    ...config,
    Env: config.Env.map((env) => ({ ...env, Value: env.Value ?? null })),
    Linux: {
      ...config.Linux,
      Devices: config.Linux.Devices.map((device) => ({ ...device, Path: device.Path ?? null })),
    },
    Mounts: config.Mounts.map((mount) => ({ ...mount, Source: mount.Source ?? null })),
    User: { UID: config.User.UID || undefined, GID: config.User.GID || undefined },
  };
}

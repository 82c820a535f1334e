import { errors } from "undici";
import { errnoOf, messageOf } from "../../core/errors.ts";
import type { PluginAddress } from "../../core/ports/plugin-connection.ts";

/** Whether no connection was made, so that nothing can have been received. */
export function isConnectFailure(error: unknown): boolean {
  if (error instanceof errors.ConnectTimeoutError) return true;
  // A host of several addresses fails once for each.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isConnectFailure);
  if (typeof error !== "object" || error === null || !("syscall" in error)) return false;
  return error.syscall === "connect" || error.syscall === "getaddrinfo";
}

/** Failures to connect in the words that operators of the Engine know. */
export function dialError(address: PluginAddress, error: unknown): string {
  const target = "socketPath" in address ? `unix ${address.socketPath}` : `tcp ${hostOf(address.origin)}`;
  const code = errnoOf(error);
  if (code === "ENOENT") return `dial ${target}: connect: no such file or directory`;
  if (code === "ECONNREFUSED") return `dial ${target}: connect: connection refused`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial ${target}: lookup: no such host`;
  return isConnectFailure(error) ? `dial ${target}: ${messageOf(error)}` : messageOf(error);
}

const hostOf = (origin: string): string => origin.replace(/^https?:\/\//, "");

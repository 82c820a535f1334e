import { watch } from "node:fs";
import { lstat } from "node:fs/promises";
import { connect } from "node:net";
import { basename, dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import { dialError } from "./dial-error.ts";

interface WatchOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when something accepts connections on the socket. Its appearance is an inotify event; between bind(2) and
 * listen(2), for which there is none, the connection is tried again after 1, 2, 4 … 64 ms.
 */
export async function waitUntilListening(
  socketPath: string,
  { timeoutMs, signal }: WatchOptions,
): Promise<void> {
  const timer = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([timer, signal]);
  const appearance = watchDirectory(socketPath, either);
  let lastError: unknown;
  try {
    for (let attempt = 0; ; attempt += 1) {
      const seen = appearance.next();
      lastError = await tryConnect(socketPath);
      if (lastError === undefined) return;
      if (errnoOf(lastError) === "ENOENT") {
        attempt = -1;
        await seen;
      } else {
        await delay(2 ** Math.min(attempt, 6), undefined, { signal: either });
      }
      either.throwIfAborted();
    }
  } catch (error) {
    if (signal.aborted)
      throw new EngineError("canceled", "waiting for the plugin's socket: canceled", { cause: error });
    if (!timer.aborted) throw new EngineError("unavailable", messageOf(error), { cause: error });
    throw new EngineError(
      "unavailable",
      `${dialError({ socketPath }, lastError)} (the plugin did not listen within ${timeoutMs / 1000} s)`,
      { cause: lastError },
    );
  } finally {
    appearance.close();
  }
}

/** Each `next()` resolves at the first event for the socket's name after the call. */
function watchDirectory(socketPath: string, signal: AbortSignal) {
  const name = basename(socketPath);
  let waiting = Promise.withResolvers<void>();
  const wake = (): void => waiting.resolve();
  const watcher = watch(dirname(socketPath), (_event, file) => {
    if (file === name || file === null) wake();
  });
  watcher.on("error", wake);
  signal.addEventListener("abort", wake, { once: true });
  return {
    next(): Promise<void> {
      waiting = Promise.withResolvers<void>();
      return waiting.promise;
    },
    close(): void {
      watcher.close();
      signal.removeEventListener("abort", wake);
    },
  };
}

/**
 * Connects and hangs up; answers the failure, if any. The plugin made what is at the path: a symbolic link there could lead to
 * a socket of the host.
 */
async function tryConnect(socketPath: string): Promise<unknown> {
  try {
    if (!(await lstat(socketPath)).isSocket()) return new Error(`${socketPath} is not a socket`);
  } catch (error) {
    return error;
  }
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", resolve);
  });
}

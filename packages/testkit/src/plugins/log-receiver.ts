import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { type LogEntryMessage, LogEntrySplitter } from "@davit/protocol";
import type { PluginAnswer } from "./plugin-server.ts";

/** What one StartLogging has brought. */
export interface ReceivedLog {
  /** As the plugin was told. */
  readonly file: string;
  readonly info: unknown;
  readonly entries: LogEntryMessage[];
  /** Resolves at the end of the FIFO. */
  readonly ended: Promise<void>;
  /** Entries that arrived whole, by text. */
  readonly text: string;
}

export interface LogReceiverOptions {
  /** Where the plugin's file is on the host. */
  readonly toHostPath?: (file: string) => string;
  readonly canRead?: boolean;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
}

/** The answers of a log plugin that reads its FIFOs in the test's own process, without holding a thread for any of them. */
export class LogReceiver implements Disposable {
  readonly logs: ReceivedLog[] = [];
  readonly answers: Readonly<Record<string, PluginAnswer>>;
  readonly #options: LogReceiverOptions;
  readonly #sockets = new Map<string, Socket>();
  readonly #waiters = new Set<Waiter>();
  /** While true, FIFOs are not opened. */
  isDeaf = false;

  constructor(options: LogReceiverOptions = {}) {
    this.#options = options;
    this.answers = {
      "LogDriver.Capabilities": () => ({ Cap: { ReadLogs: options.canRead ?? false } }),
      "LogDriver.StartLogging": (body) => this.#start(body),
      "LogDriver.StopLogging": () => ({ Err: "" }),
    };
  }

  /** All that has arrived. */
  get text(): string {
    return this.logs.map(({ text }) => text).join("");
  }

  /** Resolves when the condition is met by what has arrived. */
  until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const waiter = { isMet, resolve };
      this.#waiters.add(waiter);
      this.#wake();
    });
  }

  /** Reads no more, and keeps the FIFOs open. */
  pause(): void {
    for (const socket of this.#sockets.values()) socket.pause();
  }

  resume(): void {
    for (const socket of this.#sockets.values()) socket.resume();
  }

  /** Closes every FIFO, as a plugin that dies does. */
  die(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
  }

  [Symbol.dispose](): void {
    this.die();
  }

  #start(body: unknown): object {
    const { File: file, Info: info } = asRequest(body);
    if (this.isDeaf) return { Err: "" };
    const path = this.#options.toHostPath?.(file) ?? file;
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    let socket: Socket;
    try {
      socket = new Socket({ fd, readable: true, writable: false });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    const splitter = new LogEntrySplitter();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const entries: LogEntryMessage[] = [];
    const log = { file, info, entries, ended, text: "" };
    this.logs.push(log);
    this.#sockets.set(file, socket);
    socket.on("data", (chunk) => {
      for (const entry of splitter.push(chunk)) {
        entries.push(entry);
        log.text += textOf(entry);
      }
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sockets.delete(file);
      end();
    });
    return { Err: "" };
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.isMet()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function asRequest(body: unknown): { readonly File: string; readonly Info: unknown } {
  if (typeof body !== "object" || body === null || !("File" in body) || !("Info" in body)) {
    throw new Error("StartLogging without a file");
  }
  return { File: String(body.File), Info: body.Info };
}

const textOf = ({ line, partial, piece }: LogEntryMessage): string =>
  `${Buffer.from(line).toString()}${partial && piece?.last !== true ? "" : "\n"}`;

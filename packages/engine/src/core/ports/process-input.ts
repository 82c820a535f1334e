import type { ByteStream } from "./byte-stream.ts";

export interface TerminalSize {
  /** In characters. */
  readonly rows: number;
  readonly columns: number;
}

/** The way into processes that were created with `stdin` or with a terminal, by the bundle they were created with. */
export interface ProcessInput {
  /**
   * Passes bytes to a process's standard input; their end closes it. Resolves when all are passed on, when the process
   * takes no more, or with the signal.
   */
  send(bundle: string, source: ByteStream, signal: AbortSignal): Promise<void>;
  /** Tells a process how large its terminal is. */
  resize(bundle: string, size: TerminalSize): Promise<void>;
}

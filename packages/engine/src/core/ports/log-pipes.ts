/** One FIFO, held open so that its reader may come and go. Nothing here waits for a reader but `write`. */
export interface LogPipe {
  /** What it has taken since it was opened. */
  readonly writtenBytes: number;
  /** It had a reader, and has none now: what it holds nobody will read. */
  isAbandoned(): boolean;
  /** Fails with kind unavailable where it is abandoned. Resolves when the pipe has taken all of it. With the signal it rejects with kind canceled, wherever it is. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Takes back what no reader has taken; answers how many bytes that were. */
  takeBack(): number;
  /** Closes it, so that its reader comes to the end; and removes its name. */
  remove(): Promise<void>;
  /** Closes it and leaves its name. */
  close(): void;
}

export interface LogPipes {
  /** Makes a FIFO for root alone, and its directory (0700) if that is missing; the path is free of links. */
  make(path: string): Promise<LogPipe>;
  /** Removes the name of one that an earlier engine made; absent is no error. */
  removeName(path: string): Promise<void>;
}

export interface LogEntry {
  readonly time: Date;
  /** The same time in full: RFC 3339, UTC, nine digits of fraction. */
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  /**
   * What the process wrote, as bytes (not necessarily UTF-8). The line's newline is not among them: whoever gives the output back
   * byte for byte adds one after each entry that is not partial.
   */
  readonly bytes: Uint8Array;
  /** True if the line goes on in the next entry of this stream, or has not ended yet. */
  readonly partial: boolean;
}

export interface LogQuery {
  /** Go on with what is written from now on, until `until` settles. */
  readonly follow?: boolean;
  /** With `follow`: ends the stream once everything written until then has been given. */
  readonly until?: Promise<unknown>;
  /** Only the last n lines of what is there. With 0 and `follow`: whatever is written after the first entry is asked for. */
  readonly tail?: number;
  /** Only entries at or after, or before, these times. */
  readonly since?: Date;
  readonly before?: Date;
  /** Ends the stream with an error of kind canceled. */
  readonly signal?: AbortSignal;
}

/** Reads what the monitors of processes write. */
export interface ProcessLogs {
  /**
   * The entries of one log file, in order; a file that is not there yet is an empty one (its directory must be there to follow
   * it). A log that starts anew at its size limit is followed into the new one.
   */
  read(path: string, query: LogQuery): AsyncIterable<LogEntry>;
}

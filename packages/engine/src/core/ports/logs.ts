export interface LogEntry {
  readonly time: Date;
  /** The time as it stands in the log, RFC 3339 with nanoseconds. */
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
  /** True if the line goes on in the next entry of this stream. */
  readonly partial: boolean;
}

export interface LogQuery {
  /** Go on with what is written from now on, until `until` resolves. */
  readonly follow?: boolean;
  /** With `follow`: ends the stream once everything written until then has been given. */
  readonly until?: Promise<unknown>;
  /** Only the last n lines of what is there. */
  readonly tail?: number;
  /** Only entries at or after, or before, these times. */
  readonly since?: Date;
  readonly before?: Date;
  readonly signal?: AbortSignal;
}

/** Reads what the monitors of processes write. */
export interface ProcessLogs {
  /** The entries of one log file, in order; a file that is not there yet is an empty one. */
  read(path: string, query: LogQuery): AsyncIterable<LogEntry>;
}

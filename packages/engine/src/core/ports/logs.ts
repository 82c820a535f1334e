import type { FileLimits } from "../log/log-config.ts";
import type { OutputBatch, OutputPosition } from "../log/output-record.ts";

export interface LogEntry {
  /** RFC 3339, UTC, nine digits of fraction. */
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  /**
   * What the process wrote, as bytes (not necessarily UTF-8). The line's newline is not among them: whoever gives the output back
   * byte for byte adds one after each entry that is not partial.
   */
  readonly bytes: Uint8Array;
  /** True if the line goes on in the next entry of this stream, or has not ended yet. */
  readonly partial: boolean;
  /** What the container's log options put with each line. */
  readonly attributes?: Readonly<Record<string, string>>;
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
  /** Nothing that lies before this offset of the file; it is where a record begins. */
  readonly fromOffset?: number;
  /** Is told how far the file has been read. */
  readonly progress?: ReadProgress;
  /** Ends the stream with an error of kind canceled. */
  readonly signal?: AbortSignal;
}

/** What of a file lies before the offset is not needed any more. */
export interface ReadProgress {
  offset: number;
}

/** Reads what the monitors of processes write. */
export interface ProcessLogs {
  /**
   * The entries of one log file, in order; a file that is not there yet is an empty one (its directory must be there to follow
   * it). A log that starts anew at its size limit is followed into the new one.
   */
  read(path: string, query: LogQuery): AsyncIterable<LogEntry>;
  /** The same, as many at once as are there: long logs take a fraction of the time. */
  readBatches(path: string, query: LogQuery): LogBatches;
}

/** Entries in order; no batch waits for more. */
export type LogBatches = AsyncIterable<readonly LogEntry[]>;

/** A container's output on disk, as its monitor writes it: one file, which is passed on and then freed from its beginning. */
export interface OutputFile {
  /** Its length by now; 0 if it is not there. */
  size(path: string): Promise<number>;
  /** Where its last whole record ends: a full disk may have cut the one after that. */
  endOfRecords(path: string): Promise<number>;
  /** Its length at once, for whoever must miss nothing from now on. */
  sizeNow(path: string): number;
  /** Notes that a new run of the program begins, while nobody writes. */
  markRun(path: string): Promise<void>;
  /**
   * The records from an offset on, as they are written, until `ended` has settled and all is read. Its directory must be there, it
   * itself need not. It goes on being read when its name is removed.
   */
  follow(
    path: string,
    options: { readonly from: number; readonly ended: Promise<unknown>; readonly signal: AbortSignal },
  ): AsyncIterable<OutputBatch>;
  /** Its length, at first and as it grows, now and then until `ended` has settled. */
  growth(
    path: string,
    options: { readonly ended: Promise<unknown>; readonly signal: AbortSignal },
  ): AsyncIterable<number>;
  /** Where the first record at or after an offset begins. */
  recordAt(path: string, offset: number): Promise<number>;
  /** How many records begin between two offsets. */
  countRecords(path: string, from: number, to: number): Promise<number>;
  /** What can still be written to the file system of a directory. */
  freeBytes(dir: string): Promise<number>;
  /** Gives the disk space before an offset back, where the file system can. */
  free(path: string, before: number): Promise<void>;
}

export interface JsonLogOptions {
  /** Of the newest file; older ones end in `.1`, `.2.gz` and so on. */
  readonly path: string;
  /** Where it keeps how far it is. */
  readonly statePath: string;
  readonly limits: FileLimits;
}

/** A log that is made of a container's output. */
export interface FollowedLog<Line> {
  /**
   * Where writing goes on from: what an earlier engine has written after that is known, and not written twice. `attributes` is what goes
   * with each line: that of the run under way is remembered and answered.
   */
  resume(resumption: LogResumption): Promise<{ position: OutputPosition; attributes: string }>;
  /** What was written down last, without opening anything; undefined if nothing was. */
  saved(): Promise<OutputPosition | undefined>;
  /**
   * Writes lines of which each is all that follows from the output; `position` is the one after them. Fails if they are not taken, and
   * then goes on with the rest of them at the next call.
   */
  write(lines: readonly Line[], position: OutputPosition, signal: AbortSignal): Promise<void>;
  /** Writes down how far it is: output before that need not be kept. */
  save(): Promise<OutputPosition>;
  /** Not-implemented, in the Engine's words, if it cannot be read. */
  read(query: LogQuery): LogBatches | Promise<LogBatches>;
  close(): Promise<void>;
}

/** The files of `json-file`, which other programs read as well. */
export interface JsonLog extends FollowedLog<string> {
  write(lines: readonly string[], position: OutputPosition): Promise<void>;
  read(query: LogQuery): LogBatches;
}

export interface LogResumption {
  readonly attributes: string;
  readonly isNewRun: boolean;
  /** Where the output ends: gone on from if there are files, and nothing tells any more how far they are. */
  readonly outputEnd: number;
}

export interface JsonLogFiles {
  open(options: JsonLogOptions): JsonLog;
}

export interface JournalLogOptions {
  readonly containerId: string;
  /** Where it keeps how far it is. */
  readonly statePath: string;
}

/** The host's journal. Lines are entries in its native form. */
export interface JournalLogs {
  /** Whether the host has one now. */
  isThere(): boolean;
  open(options: JournalLogOptions): FollowedLog<Uint8Array>;
  close(): Promise<void>;
}

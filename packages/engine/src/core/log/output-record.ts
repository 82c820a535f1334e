/** One record of what a process wrote, as its monitor keeps it, and where. */
export interface OutputRecord {
  readonly stream: "stdout" | "stderr";
  /** RFC 3339, UTC, nine digits of fraction. */
  readonly timestamp: string;
  /** Without the line's newline. */
  readonly bytes: Uint8Array;
  /** The line goes on in the next record of the stream, or has not ended. */
  readonly partial: boolean;
  /** Where it begins in the output. */
  readonly offset: number;
}

/** A new run of the program begins: what was unfinished before stays so. */
export interface RunMark {
  readonly stream: "mark";
}

/** Part of the output, read at once. */
export interface OutputBatch {
  readonly records: readonly (OutputRecord | RunMark)[];
  /** Where the next batch begins. */
  readonly endOffset: number;
}

/** What of an unfinished line has been passed on. */
export interface PendingLine {
  /** Of the record that the rest begins in, and how many bytes of it are done. */
  readonly offset: number;
  readonly skipBytes: number;
  readonly id: string;
  /** Pieces passed on. */
  readonly pieces: number;
  readonly timestamp: string;
}

/** How far an output has been passed on. */
export interface OutputPosition {
  readonly offset: number;
  readonly pending: {
    readonly stdout?: PendingLine | undefined;
    readonly stderr?: PendingLine | undefined;
  };
}

export const outputStart: OutputPosition = { offset: 0, pending: {} };

/** Where to begin to read to go on from a position. */
export const resumeOffset = ({ offset, pending }: OutputPosition): number =>
  Math.min(offset, pending.stdout?.offset ?? offset, pending.stderr?.offset ?? offset);

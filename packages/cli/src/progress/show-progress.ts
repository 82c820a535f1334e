import type { Progress } from "@davit/protocol";
import type { Output } from "../context.ts";
import { Failure } from "../failure.ts";
import { progressBar, progressLine } from "./progress-line.ts";

/**
 * Shows a progress stream until its end: on a terminal one line per id, redrawn; elsewhere a line per change of
 * status. Throws a Failure with the stream's own error.
 */
export async function showProgress(
  messages: AsyncIterable<Progress>,
  output: Output,
  onAux?: (aux: unknown) => void,
): Promise<void> {
  const show = output.isTTY === true ? new TerminalProgress(output) : new PlainProgress(output);
  for await (const message of messages) {
    throwIfError(message);
    if (message.aux !== undefined && message.aux !== null) onAux?.(message.aux);
    else show.add(message);
  }
}

/** Reads a progress stream for its error only. */
export async function skipProgress(messages: AsyncIterable<Progress>): Promise<void> {
  for await (const message of messages) throwIfError(message);
}

function throwIfError({ error, errorDetail }: Progress): void {
  const reason = errorDetail?.message ?? error;
  if (reason !== undefined && reason !== "") throw new Failure(reason);
}

class PlainProgress {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  add(message: Progress): void {
    if (message.stream !== undefined && message.stream !== "") {
      this.#output.write(message.stream);
      return;
    }
    // A line for every few kilobytes would bury the log.
    if (progressBar(message.progressDetail, 0) !== "") return;
    const id = message.id === undefined || message.id === "" ? "" : `${message.id}: `;
    this.#output.write(`${id}${message.status ?? ""}\n`);
  }
}

class TerminalProgress {
  readonly #output: Output;
  /** Which line below the start each id has; plain text in between starts a new block. */
  readonly #lines = new Map<string, number>();

  constructor(output: Output) {
    this.#output = output;
  }

  add(message: Progress): void {
    const { id, stream } = message;
    if (stream !== undefined && stream !== "") {
      this.#lines.clear();
      this.#output.write(stream);
      return;
    }
    const line = progressLine(message, this.#output.columns ?? 80);
    const moves = message.progressDetail !== undefined || (message.progress ?? "") !== "";
    if (id === undefined || id === "" || !moves) {
      this.#lines.clear();
      this.#output.write(`${line}\n`);
      return;
    }
    let row = this.#lines.get(id);
    if (row === undefined) {
      row = this.#lines.size;
      this.#lines.set(id, row);
      this.#output.write("\n");
    }
    const up = this.#lines.size - row;
    // Up, clear the line, write, back to its start, down again.
    this.#output.write(`\u001B[${up}A\u001B[2K\r${line}\r\u001B[${up}B`);
  }
}

import type { Digest, Progress } from "@davit/protocol";
import { shortId } from "../../core/identifiers.ts";
import type { OnBytes } from "../../core/ports/byte-stream.ts";

export type EmitProgress = (progress: Progress) => void;

const intervalMs = 100;

/** One layer's lines of a pull. */
export class LayerProgress {
  readonly #id: string;
  readonly #emit: EmitProgress;
  #lastMs = 0;

  constructor(digest: Digest, emit: EmitProgress) {
    this.#id = shortId(digest.slice("sha256:".length));
    this.#emit = emit;
  }

  say(status: string): void {
    this.#emit({ status, progressDetail: {}, id: this.#id });
  }

  /** Reports bytes of a known total under a status, ten times a second at most. */
  bytes(status: string, totalBytes: number): OnBytes {
    return (current) => {
      if (!this.#isDue() && current < totalBytes) return;
      this.#emit({
        status,
        progressDetail: { current, total: totalBytes },
        progress: progressBar(current, totalBytes),
        id: this.#id,
      });
    };
  }

  /** The same without a total. */
  growing(status: string): OnBytes {
    return (current) => {
      if (!this.#isDue()) return;
      this.#emit({ status, progressDetail: { current }, progress: humanSize(current), id: this.#id });
    };
  }

  #isDue(): boolean {
    const now = Date.now();
    if (now - this.#lastMs < intervalMs) return false;
    this.#lastMs = now;
    return true;
  }
}

/** `[=====>      ]  1.5MB/3MB`, as clients without a terminal of their own print it. */
export function progressBar(current: number, total: number): string {
  const width = 50;
  const done = total > 0 ? Math.min(width, Math.floor((current / total) * width)) : width;
  const bar =
    done < width ? `${"=".repeat(done)}>${" ".repeat(width - done - 1)}` : `${"=".repeat(width - 1)}>`;
  return `[${bar}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** Bytes with four significant digits and a decimal unit: `1.234MB`. */
export function humanSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${Number(value.toPrecision(4))}${units[at] ?? ""}`;
}

import { Transform } from "node:stream";
import { asBuffer } from "../client/read-body.ts";
import { Failure } from "../failure.ts";

export const defaultDetachKeys = "ctrl-p,ctrl-q";

const controls: Readonly<Record<string, number>> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

/** `ctrl-p,ctrl-q` or `a,b` as the bytes a terminal sends for them. */
export function parseDetachKeys(text: string): readonly number[] {
  return text.split(",").map((key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    const code = control === undefined ? undefined : (controls[control] ?? letterCode(control));
    if (code === undefined) throw new Failure(`invalid detach keys (${text}): Unknown character: '${key}'`);
    return code;
  });
}

const letterCode = (letter: string): number | undefined =>
  /^[a-z]$/.test(letter) ? letter.charCodeAt(0) - 96 : undefined;

/** Passes keys on, except the sequence, at which it calls `onDetach` and says nothing more. */
export class DetachFilter extends Transform {
  readonly #keys: readonly number[];
  readonly #onDetach: () => void;
  /** How much of the sequence has been typed, and is held back. */
  #matched = 0;
  #detached = false;

  constructor(keys: readonly number[], onDetach: () => void) {
    super();
    this.#keys = keys;
    this.#onDetach = onDetach;
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    const passed: number[] = [];
    for (const byte of asBuffer(chunk)) {
      if (this.#detached) break;
      if (byte !== this.#keys[this.#matched]) {
        // What was held back is ordinary typing after all, and this key may begin the sequence anew.
        passed.push(...this.#keys.slice(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) this.#matched += 1;
      else passed.push(byte);
      if (this.#matched === this.#keys.length) {
        this.#detached = true;
        this.#onDetach();
      }
    }
    if (passed.length > 0) this.push(Buffer.from(passed));
    done();
  }

  override _flush(done: () => void): void {
    if (!this.#detached && this.#matched > 0) this.push(Buffer.from(this.#keys.slice(0, this.#matched)));
    done();
  }
}

import { EngineError } from "../errors.ts";

/** ctrl-p, ctrl-q. */
const defaultDetachKeys: readonly number[] = [16, 17];

const controlSigns: ReadonlyMap<string, number> = new Map([
  ["@", 0],
  ["[", 27],
  ["\\", 28],
  ["]", 29],
  ["^", 30],
  ["_", 31],
]);

/** `ctrl-p,ctrl-q` as bytes: letters, signs and `ctrl-` with a letter or one of `@[\]^_`; empty for none. */
export function parseDetachKeys(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(",").map((key) => {
    const byte = keyByte(key);
    if (byte === undefined) throw new EngineError("invalid", `Invalid detach keys (${text}) provided`);
    return byte;
  });
}

function keyByte(key: string): number | undefined {
  if (key === "DEL") return 127;
  if (key.length === 1) return key.charCodeAt(0) < 128 ? key.charCodeAt(0) : undefined;
  const control = /^ctrl-(.)$/.exec(key.toLowerCase())?.[1];
  if (control === undefined) return undefined;
  return /[a-z]/.test(control) ? control.charCodeAt(0) - 96 : controlSigns.get(control);
}

/**
 * Looks for the keys in what is typed, across chunks. Bytes that may be the beginning of the sequence are held back until they turn
 * out not to be, and given then.
 */
export class DetachScanner {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys.length === 0 ? defaultDetachKeys : keys;
  }

  /** What of the bytes is to be passed on, and whether the sequence is complete: what follows it is nobody's. */
  push(bytes: Uint8Array): { readonly passed: Uint8Array; readonly detached: boolean } {
    const passed: number[] = [];
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { passed: Uint8Array.from(passed), detached: true };
        continue;
      }
      passed.push(...this.#keys.slice(0, this.#matched));
      this.#matched = 0;
      if (byte === this.#keys[0]) this.#matched = 1;
      else passed.push(byte);
    }
    return { passed: Uint8Array.from(passed), detached: false };
  }
}

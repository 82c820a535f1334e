import { EngineError } from "../core/errors.ts";
import { type Filters, parseFilters } from "./filters.ts";

const falseWords: ReadonlySet<string> = new Set(["", "0", "no", "false", "none"]);

/** The query of a request, read as the Engine reads it. */
export class Query {
  readonly #parameters: URLSearchParams;

  constructor(parameters: URLSearchParams) {
    this.#parameters = parameters;
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** The first value, `""` if there is none. */
  text(name: string): string {
    return this.#parameters.get(name) ?? "";
  }

  /** Every value of a parameter that may be repeated. */
  all(name: string): readonly string[] {
    return this.#parameters.getAll(name);
  }

  /** True unless it is absent, empty, `0`, `no`, `false` or `none`. */
  flag(name: string, absent = false): boolean {
    if (!this.has(name)) return absent;
    return !falseWords.has(this.text(name).trim().toLowerCase());
  }

  /** A whole number; absent or anything else is an error of kind invalid in Go's words. */
  int(name: string, functionName = "strconv.Atoi"): number {
    const text = this.text(name);
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text)) {
      throw new EngineError("invalid", `${functionName}: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    if (!Number.isSafeInteger(value)) {
      throw new EngineError(
        "invalid",
        `${functionName}: parsing ${JSON.stringify(text)}: value out of range`,
      );
    }
    return value;
  }

  /** As `int`, undefined if the parameter is absent or empty. */
  optionalInt(name: string, functionName?: string): number | undefined {
    return this.text(name) === "" ? undefined : this.int(name, functionName);
  }

  /** The parameter `filters`; a key that is not allowed is an error of kind invalid. */
  filters(allowedKeys: readonly string[]): Filters {
    return parseFilters(this.text("filters"), allowedKeys);
  }
}

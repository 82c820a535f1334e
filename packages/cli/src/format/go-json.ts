export interface GoJsonOptions {
  /** Four spaces a level, as `inspect` prints; else one line. */
  readonly indented?: boolean;
  /** `<`, `>` and `&` as escapes, as Go does for templates. */
  readonly escapeHtml?: boolean;
}

/** JSON as Go writes it; functions (methods of a row) are left out, bigints are numbers. */
export function goJson(value: unknown, options: GoJsonOptions = {}): string {
  const text = JSON.stringify(value, exactIntegers, options.indented === true ? 4 : undefined) ?? "null";
  return options.escapeHtml === true ? escapeHtml(text) : text;
}

function exactIntegers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJson(value) : value;
}

/** `JSON.rawJSON` keeps the digits; the typed library does not know it yet. */
function rawJson(value: bigint): unknown {
  const raw: unknown = Reflect.get(JSON, "rawJSON");
  return typeof raw === "function" ? Reflect.apply(raw, JSON, [String(value)]) : Number(value);
}

function escapeHtml(text: string): string {
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

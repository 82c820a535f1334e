import { goJson } from "../go-json.ts";
import { truncate } from "../human.ts";
import { TemplateError } from "./ast.ts";
import { formatPrintf } from "./printf.ts";
import { goText, isTrue } from "./values.ts";

export type TemplateFunctions = ReadonlyMap<string, (...args: readonly unknown[]) => unknown>;

const text = (value: unknown): string => goText(value);

/** Go puts spaces between operands of Print where neither is a string. */
function print(args: readonly unknown[]): string {
  return args.reduce<string>((line, arg, index) => {
    const previous = args[index - 1];
    const gap = index > 0 && typeof previous !== "string" && typeof arg !== "string" ? " " : "";
    return line + gap + text(arg);
  }, "");
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === "object" && value !== null) return Object.keys(value).length;
  if (value === null) return 0;
  throw new TemplateError(": error calling len: len of untyped nil");
}

function index(start: unknown, ...keys: readonly unknown[]): unknown {
  return keys.reduce((value, key) => {
    if (Array.isArray(value)) {
      const position = Number(key);
      if (!(position >= 0 && position < value.length)) {
        throw new TemplateError(`: error calling index: index out of range: ${text(key)}`);
      }
      const item: unknown = value[position];
      return item;
    }
    if (typeof value === "object" && value !== null) return Reflect.get(value, text(key)) ?? "";
    // A null in JSON is a nil map to Go's clients, whose elements are empty.
    if (value === null) return "";
    throw new TemplateError(": error calling index: index of untyped nil");
  }, start);
}

const firstTruthy = (args: readonly unknown[], wanted: boolean): unknown =>
  args.find((arg) => isTrue(arg) === wanted) ?? args.at(-1);

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
}

const equal = (a: unknown, b: unknown): boolean =>
  a === b || (a !== null && b !== null && text(a) === text(b));

const shared: readonly (readonly [string, (...args: readonly unknown[]) => unknown])[] = [
  ["and", (...args) => firstTruthy(args, false)],
  ["or", (...args) => firstTruthy(args, true)],
  ["not", (arg) => !isTrue(arg)],
  ["len", length],
  ["index", index],
  ["print", (...args) => print(args)],
  ["println", (...args) => `${args.map(text).join(" ")}\n`],
  ["printf", (pattern, ...args) => formatPrintf(text(pattern), args)],
  ["eq", (first, ...others) => others.some((other) => equal(first, other))],
  ["ne", (a, b) => !equal(a, b)],
  ["lt", (a, b) => compare(a, b) < 0],
  ["le", (a, b) => compare(a, b) <= 0],
  ["gt", (a, b) => compare(a, b) > 0],
  ["ge", (a, b) => compare(a, b) >= 0],
];

/** What templates may call: Go's own functions and those of the Engine's clients. */
export const templateFunctions: TemplateFunctions = new Map([
  ...shared,
  ["json", (value: unknown) => goJson(value, { escapeHtml: true })],
  ["split", (value: unknown, separator: unknown) => text(value).split(text(separator))],
  [
    "join",
    (value: unknown, separator: unknown) =>
      (Array.isArray(value) ? value : []).map(text).join(text(separator)),
  ],
  ["title", (value: unknown) => text(value).replace(/\b\p{L}/gu, (letter) => letter.toUpperCase())],
  ["lower", (value: unknown) => text(value).toLowerCase()],
  ["upper", (value: unknown) => text(value).toUpperCase()],
  ["truncate", (value: unknown, size: unknown) => truncatePlain(text(value), Number(size))],
  ["ellipsis", (value: unknown, size: unknown) => truncate(text(value), Number(size))],
  [
    "pad",
    (value: unknown, before: unknown, after: unknown) =>
      text(value) === "" ? "" : " ".repeat(Number(before)) + text(value) + " ".repeat(Number(after)),
  ],
]);

const same = (value: unknown): unknown => value;

/** For a table's heading the formatting functions leave the words alone. */
export const headerFunctions: TemplateFunctions = new Map([
  ...templateFunctions,
  ["json", same],
  ["title", same],
  ["lower", same],
  ["upper", same],
  ["truncate", same],
  ["join", same],
  ["split", same],
]);

const truncatePlain = (value: string, size: number): string => Array.from(value).slice(0, size).join("");

import { TemplateError } from "./ast.ts";

export type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly words: readonly Word[] };

export interface Word {
  readonly kind: "field" | "variable" | "identifier" | "string" | "number" | "dot" | "punctuation";
  /** Fields and variables with their sign; strings unquoted. */
  readonly text: string;
  /** Where it stands in the template. */
  readonly offset: number;
  /** Whether white space came before it: `$x .Name` is two operands, `$x.Name` one. */
  readonly spaced: boolean;
}

const wordPattern =
  /(\s+)|("(?:[^"\\\n]|\\.)*")|(`[^`]*`)|(-?\d+(?:\.\d+)?)|(\.[\p{L}_][\p{L}\p{N}_]*)|(\$[\p{L}\p{N}_]*)|([\p{L}_][\p{L}\p{N}_]*)|(:=|[=|(),])|(\.)/uy;

/** Splits a template into literal text and the words of its actions; trims and drops comments. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let trimNext = false;
  while (position < source.length) {
    const open = source.indexOf("{{", position);
    const end = open === -1 ? source.length : open;
    let text = source.slice(position, end);
    if (trimNext) text = text.trimStart();
    const trimsBefore = open !== -1 && /^-\s/.test(source.slice(open + 2, open + 4));
    if (trimsBefore) text = text.trimEnd();
    if (text !== "") tokens.push({ kind: "text", text });
    if (open === -1) break;
    const start = open + (trimsBefore ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*?(\s-)?\}\}/.exec(source.slice(start));
    if (comment !== null) {
      position = start + comment[0].length;
      trimNext = comment[1] !== undefined;
      continue;
    }
    const action = lexAction(source, start);
    tokens.push({ kind: "action", words: action.words });
    position = action.end;
    trimNext = action.trimsAfter;
  }
  return tokens;
}

function lexAction(
  source: string,
  start: number,
): { words: readonly Word[]; end: number; trimsAfter: boolean } {
  const words: Word[] = [];
  let spaced = true;
  let position = start;
  for (;;) {
    const closing = /^(\s+-)?\}\}/.exec(source.slice(position));
    if (closing !== null) {
      return { words, end: position + closing[0].length, trimsAfter: closing[1] !== undefined };
    }
    if (position >= source.length) throw new TemplateError(": unclosed action");
    wordPattern.lastIndex = position;
    const match = wordPattern.exec(source);
    if (match === null) {
      const char = String.fromCodePoint(source.codePointAt(position) ?? 0);
      if (char === '"') throw new TemplateError(": unterminated quoted string");
      throw new TemplateError(`: unexpected "${char}" in operand`);
    }
    const word = wordOf(match, { spaced, offset: position });
    position = wordPattern.lastIndex;
    if (word !== undefined) words.push(word);
    spaced = word === undefined;
  }
}

function wordOf(match: RegExpExecArray, place: Pick<Word, "spaced" | "offset">): Word | undefined {
  const [text, space, quoted, raw, number, field, variable, identifier, punctuation] = match;
  if (space !== undefined) return undefined;
  if (quoted !== undefined) return { kind: "string", text: unquote(quoted), ...place };
  if (raw !== undefined) return { kind: "string", text: raw.slice(1, -1), ...place };
  if (number !== undefined) return { kind: "number", text, ...place };
  if (field !== undefined) return { kind: "field", text, ...place };
  if (variable !== undefined) return { kind: "variable", text, ...place };
  if (identifier !== undefined) return { kind: "identifier", text, ...place };
  if (punctuation !== undefined) return { kind: "punctuation", text, ...place };
  return { kind: "dot", text, ...place };
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

const unquote = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(.)/g, (_all, char: string) => escapes[char] ?? char);

import { type Block, type CallWords, type Operand, type Pipe, TemplateError } from "./ast.ts";
import type { TemplateFunctions } from "./functions.ts";
import { lex, type Token, type Word } from "./lex.ts";

export { TemplateError } from "./ast.ts";
export { executeTemplate } from "./execute.ts";

/** A parsed template: the part of Go's text/template that `--format` is used with. */
export type Template = readonly Block[];

/** https://pkg.go.dev/text/template */
export function parseTemplate(source: string, functions: TemplateFunctions): Template {
  const parser = new Parser(lex(source), functions);
  const { blocks, ending } = parser.blocks();
  if (ending !== undefined) throw new TemplateError(`: unexpected {{${ending}}}`);
  return blocks;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: TemplateFunctions;
  #next = 0;

  constructor(tokens: readonly Token[], functions: TemplateFunctions) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /** Up to `{{end}}` or `{{else ...}}`, which is `ending` (its words in `rest`). */
  blocks(): { blocks: Block[]; ending: string | undefined; rest: readonly Word[] } {
    const blocks: Block[] = [];
    while (this.#next < this.#tokens.length) {
      const token = this.#tokens[this.#next++];
      if (token === undefined) break;
      if (token.kind === "text") {
        blocks.push(token);
        continue;
      }
      const [first, ...rest] = token.words;
      if (first === undefined) throw new TemplateError(": missing value for command");
      if (first.kind === "identifier") {
        if (first.text === "end" || first.text === "else") return { blocks, ending: first.text, rest };
        if (first.text === "if" || first.text === "with" || first.text === "range") {
          blocks.push(this.#branch(first.text, rest));
          continue;
        }
      }
      blocks.push({ kind: "print", pipe: parsePipe(token.words, this.#functions) });
    }
    return { blocks, ending: undefined, rest: [] };
  }

  #branch(kind: "if" | "with" | "range", words: readonly Word[]): Block {
    const pipe = parsePipe(words, this.#functions);
    const { blocks: body, ending, rest } = this.blocks();
    if (ending === undefined) throw new TemplateError(": unexpected EOF");
    if (ending === "end") return { kind, pipe, body, otherwise: [] };
    const [first, ...more] = rest;
    if (first !== undefined) {
      if (first.text !== "if" && first.text !== "with")
        throw new TemplateError(`: unexpected <${first.text}>`);
      return { kind, pipe, body, otherwise: [this.#branch(first.text, more)] };
    }
    const other = this.blocks();
    if (other.ending !== "end") throw new TemplateError(": unexpected EOF");
    return { kind, pipe, body, otherwise: other.blocks };
  }
}

function parsePipe(words: readonly Word[], functions: TemplateFunctions): Pipe {
  const assign = words.findIndex(
    ({ kind, text }) => kind === "punctuation" && (text === ":=" || text === "="),
  );
  const assigns = words.slice(0, Math.max(assign, 0)).filter(({ kind }) => kind === "variable");
  const calls: CallWords[] = [];
  let call: Operand[] = [];
  const finish = (): void => {
    const [first, ...others] = call;
    if (first === undefined) throw new TemplateError(": missing value for command");
    calls.push([first, ...others]);
    call = [];
  };
  for (let i = assign + 1; i < words.length; i += 1) {
    const word = words[i];
    if (word === undefined) break;
    if (word.kind === "punctuation" && word.text === "|") {
      finish();
      continue;
    }
    const { operand, next } = parseOperand(words, i, functions);
    call.push(operand);
    i = next - 1;
  }
  finish();
  return { assigns: assigns.map(({ text }) => text), calls };
}

function parseOperand(
  words: readonly Word[],
  start: number,
  functions: TemplateFunctions,
): { operand: Operand; next: number } {
  const word = words[start];
  if (word === undefined) throw new TemplateError(": missing value for command");
  const chain: string[] = [];
  let column = word.offset;
  let next = start + 1;
  const readChain = (): void => {
    for (let link = words[next]; link?.kind === "field" && !link.spaced; link = words[next]) {
      chain.push(link.text.slice(1));
      column = link.offset;
      next += 1;
    }
  };
  switch (word.kind) {
    case "string":
      return { operand: { kind: "literal", value: word.text, source: JSON.stringify(word.text) }, next };
    case "number":
      return { operand: { kind: "literal", value: Number(word.text), source: word.text }, next };
    case "dot":
      return { operand: { kind: "dot", chain, source: ".", column }, next };
    case "field":
      chain.push(word.text.slice(1));
      readChain();
      return { operand: { kind: "dot", chain, source: `.${chain.join(".")}`, column }, next };
    case "variable":
      readChain();
      return {
        operand: {
          kind: "variable",
          name: word.text,
          chain,
          source: [word.text, ...chain].join("."),
          column,
        },
        next,
      };
    case "identifier":
      return { operand: identifier(word.text, functions), next };
    case "punctuation": {
      if (word.text !== "(") throw new TemplateError(`: unexpected "${word.text}" in operand`);
      const close = closingParenthesis(words, start);
      const pipe = parsePipe(words.slice(start + 1, close), functions);
      next = close + 1;
      readChain();
      return { operand: { kind: "group", pipe, chain, source: "(...)", column }, next };
    }
    default:
      return word.kind satisfies never;
  }
}

function identifier(name: string, functions: TemplateFunctions): Operand {
  if (name === "true" || name === "false") return { kind: "literal", value: name === "true", source: name };
  if (name === "nil") return { kind: "literal", value: null, source: name };
  if (!functions.has(name)) throw new TemplateError(`: function "${name}" not defined`);
  return { kind: "function", name, source: name };
}

function closingParenthesis(words: readonly Word[], open: number): number {
  let depth = 0;
  for (let i = open; i < words.length; i += 1) {
    const word = words[i];
    if (word?.kind !== "punctuation") continue;
    if (word.text === "(") depth += 1;
    if (word.text === ")") depth -= 1;
    if (depth === 0) return i;
  }
  throw new TemplateError(": unclosed left paren");
}

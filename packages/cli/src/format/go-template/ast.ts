/** Something that has a value. `chain` are the fields that follow it, `column` is where the last of them stands. */
export type Operand =
  | {
      readonly kind: "dot";
      readonly chain: readonly string[];
      readonly source: string;
      readonly column: number;
    }
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly chain: readonly string[];
      readonly source: string;
      readonly column: number;
    }
  | { readonly kind: "literal"; readonly value: unknown; readonly source: string }
  | { readonly kind: "function"; readonly name: string; readonly source: string }
  | {
      readonly kind: "group";
      readonly pipe: Pipe;
      readonly chain: readonly string[];
      readonly source: string;
      readonly column: number;
    };

/** One call: the first operand applied to the others. */
export type CallWords = readonly [Operand, ...Operand[]];

/** Calls whose result is the next one's last argument; `assigns` are the variables that take the result. */
export interface Pipe {
  readonly assigns: readonly string[];
  readonly calls: readonly CallWords[];
}

export type Block =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipe: Pipe;
      readonly body: readonly Block[];
      readonly otherwise: readonly Block[];
    };

/** What is wrong with a template, in Go's words, without the prefix `template: `. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";

  constructor(problem: string) {
    super(`template: :1${problem}`);
  }
}

import { type Block, type CallWords, type Operand, type Pipe, TemplateError } from "./ast.ts";
import type { TemplateFunctions } from "./functions.ts";
import { emptyText, goText, isTrue } from "./values.ts";

type Variables = ReadonlyMap<string, unknown>;

interface Scope {
  readonly dot: unknown;
  /** The root's, as Go calls it, for messages. */
  readonly rootType: string | undefined;
  /** Assigning replaces the map: a block's variables end with it. */
  variables: Variables;
}

/** Runs a parsed template on a value. Throws a TemplateError for a field that is not there. */
export function executeTemplate(
  blocks: readonly Block[],
  root: unknown,
  functions: TemplateFunctions,
  rootType?: string,
): string {
  const parts: string[] = [];
  run(blocks, { dot: root, rootType, variables: new Map([["$", root]]) }, functions, parts);
  return parts.join("");
}

function run(blocks: readonly Block[], scope: Scope, functions: TemplateFunctions, parts: string[]): void {
  for (const block of blocks) {
    if (block.kind === "text") {
      parts.push(block.text);
      continue;
    }
    const inner: Scope = block.kind === "print" ? scope : { ...scope };
    const value = evaluatePipe(block.pipe, inner, functions);
    switch (block.kind) {
      case "print":
        if (block.pipe.assigns.length === 0)
          parts.push(value === null || value === undefined ? nullText(block.pipe) : goText(value));
        break;
      case "if":
        run(isTrue(value) ? block.body : block.otherwise, inner, functions, parts);
        break;
      case "with":
        if (isTrue(value)) run(block.body, { ...inner, dot: value }, functions, parts);
        else run(block.otherwise, inner, functions, parts);
        break;
      case "range": {
        const items = entriesOf(value);
        if (items.length === 0) run(block.otherwise, inner, functions, parts);
        for (const [key, item] of items) {
          const variables = new Map(inner.variables);
          const [first, second] = block.pipe.assigns;
          if (first !== undefined) variables.set(first, second === undefined ? item : key);
          if (second !== undefined) variables.set(second, item);
          run(block.body, { ...inner, dot: item, variables }, functions, parts);
        }
      }
    }
  }
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item]);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  if (value === null || value === undefined) return [];
  throw new TemplateError(`: range can't iterate over ${goText(value)}`);
}

function evaluatePipe(pipe: Pipe, scope: Scope, functions: TemplateFunctions): unknown {
  let value: unknown;
  pipe.calls.forEach((call, index) => {
    value = evaluateCall(call, scope, functions, index === 0 ? [] : [value]);
  });
  const [only] = pipe.assigns;
  if (only !== undefined) scope.variables = new Map(scope.variables).set(only, value);
  return value;
}

function evaluateCall(
  [head, ...others]: CallWords,
  scope: Scope,
  functions: TemplateFunctions,
  piped: readonly unknown[],
): unknown {
  const args = [...others.map((operand) => evaluateOperand(operand, scope, functions)), ...piped];
  if (head.kind === "function") return callFunction(head.name, args, functions);
  const value = evaluateOperand(head, scope, functions);
  if (typeof value === "function") return Reflect.apply(value, undefined, args);
  if (args.length > 0) {
    throw new TemplateError(
      `:${columnOf(head)}: executing "" at <${head.source}>: can't give argument to non-function ${head.source}`,
    );
  }
  return value;
}

function callFunction(name: string, args: readonly unknown[], functions: TemplateFunctions): unknown {
  const implementation = functions.get(name);
  if (implementation === undefined) throw new TemplateError(`: function "${name}" not defined`);
  return implementation(...args);
}

function evaluateOperand(operand: Operand, scope: Scope, functions: TemplateFunctions): unknown {
  switch (operand.kind) {
    case "literal":
      return operand.value;
    case "function":
      return callFunction(operand.name, [], functions);
    case "dot":
      return follow(scope.dot, operand, scope);
    case "variable":
      if (!scope.variables.has(operand.name))
        throw new TemplateError(`: undefined variable "${operand.name}"`);
      return follow(scope.variables.get(operand.name), operand, scope);
    case "group":
      return follow(evaluatePipe(operand.pipe, scope, functions), operand, scope);
    default:
      return operand satisfies never;
  }
}

function follow(start: unknown, { chain, source, column }: Chained, scope: Scope): unknown {
  let value = start;
  const fail = (problem: string): never => {
    throw new TemplateError(`:${column}: executing "" at <${source}>: ${problem}`);
  };
  for (const name of chain) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return fail(`can't evaluate field ${name} in ${goText(value)}`);
    }
    if (!Object.hasOwn(value, name)) {
      const isRoot = scope.rootType !== undefined && value === scope.variables.get("$");
      return fail(
        isRoot
          ? `can't evaluate field ${name} in type ${scope.rootType}`
          : `map has no entry for key "${name}"`,
      );
    }
    value = Reflect.get(value, name);
  }
  return value;
}

type Chained = Extract<Operand, { readonly chain: readonly string[] }>;

const columnOf = (operand: Operand): number => ("column" in operand ? operand.column : 2);

/** Go's clients know the types of what is null in JSON: a map or a list without elements, mostly. */
function nullText({ calls }: Pipe): string {
  const [[head] = [], ...more] = calls;
  if (head === undefined || more.length > 0 || !("chain" in head)) return goText(null);
  return emptyText(head.chain.at(-1) ?? "");
}

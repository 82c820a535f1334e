import { type Context, printLine } from "../context.ts";
import { Failure, messageOf } from "../failure.ts";
import { headerFunctions, templateFunctions } from "./go-template/functions.ts";
import { executeTemplate, parseTemplate, TemplateError } from "./go-template/template.ts";
import { alignColumns } from "./table.ts";

/** A field of a row: its heading in tables, and its value. A function value is a method, e.g. `{{.Label "k"}}`. */
export interface Field<Row> {
  readonly header: unknown;
  value(row: Row): unknown;
}

export interface ListView<Row> {
  readonly fields: Readonly<Record<string, Field<Row>>>;
  /** Template of a table's row, without the word `table`. */
  readonly table: string;
  /** What Go's clients call a row, for messages. */
  readonly goType?: string;
  /** Template of `--quiet`. */
  readonly quiet: string;
}

/** A named group of fields, so that each list states its row's type once. */
export const field = <Row>(header: unknown, value: (row: Row) => unknown): Field<Row> => ({ header, value });

/** Prints rows as a table, as `--quiet` or by the user's template. */
export function printList<Row>(
  context: Context,
  view: ListView<Row>,
  rows: readonly Row[],
  options: { readonly format: string; readonly quiet: boolean },
): void {
  const text = renderList(view, rows, options);
  if (text !== "") printLine(context.out, text);
}

/** The lines of a list, without the last line break. */
export function renderList<Row>(
  view: ListView<Row>,
  rows: readonly Row[],
  options: { readonly format: string; readonly quiet: boolean },
): string {
  const { template, isTable } = chooseFormat(view, options);
  const parsed = parse(template);
  const lines: string[] = [];
  try {
    if (isTable) {
      const header = Object.fromEntries(
        Object.entries(view.fields).map(([name, { header }]) => [name, header]),
      );
      lines.push(executeTemplate(parsed, header, headerFunctions, view.goType));
    }
    for (const row of rows)
      lines.push(executeTemplate(parsed, lazyRow(view, row), templateFunctions, view.goType));
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: ${error.message}`);
    throw error;
  }
  return isTable ? alignColumns(lines.join("\n")) : lines.join("\n");
}

function chooseFormat<Row>(
  view: ListView<Row>,
  { format, quiet }: { readonly format: string; readonly quiet: boolean },
): { template: string; isTable: boolean } {
  const wanted = format.trim();
  if (wanted === "" || wanted === "table") {
    return quiet ? { template: view.quiet, isTable: false } : { template: view.table, isTable: true };
  }
  if (wanted === "json") return { template: "{{json .}}", isTable: false };
  const unescaped = wanted.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  return unescaped.startsWith("table ")
    ? { template: unescaped.slice("table ".length).trim(), isTable: true }
    : { template: unescaped, isTable: false };
}

function parse(template: string) {
  try {
    return parseTemplate(template, templateFunctions);
  } catch (error) {
    throw new Failure(`template parsing error: ${messageOf(error)}`, { cause: error });
  }
}

/** A row whose fields are computed when the template asks; sorted, as `{{json .}}` prints them. */
function lazyRow<Row>(view: ListView<Row>, row: Row): object {
  const target = {};
  for (const name of Object.keys(view.fields).sort()) {
    Object.defineProperty(target, name, { enumerable: true, get: () => view.fields[name]?.value(row) });
  }
  return target;
}

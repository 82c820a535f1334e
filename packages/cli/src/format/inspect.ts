import { type Context, printLine } from "../context.ts";
import { Failure, InterruptedFailure, UnreachableFailure } from "../failure.ts";
import { goJson } from "./go-json.ts";
import { templateFunctions } from "./go-template/functions.ts";
import { executeTemplate, parseTemplate, type Template, TemplateError } from "./go-template/template.ts";

/**
 * Prints each object as JSON in one array, or by the user's template, one line each. Names that are not found
 * are told on stderr after the rest. Returns the exit code.
 */
export async function inspectEach(
  context: Context,
  names: readonly string[],
  format: string,
  fetch: (name: string) => Promise<unknown>,
  goType?: string,
): Promise<number> {
  const template = format === "" || format === "json" ? undefined : parse(format);
  const found: unknown[] = [];
  const failures: Failure[] = [];
  for (const name of names) {
    try {
      found.push(await fetch(name));
    } catch (error) {
      if (error instanceof UnreachableFailure || error instanceof InterruptedFailure) throw error;
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  if (template === undefined) printLine(context.out, goJson(found, { indented: format === "" }));
  else renderEach(context, template, found, goType);
  for (const { message } of failures) printLine(context.err, message);
  return failures.length > 0 ? 1 : 0;
}

function renderEach(
  context: Context,
  template: Template,
  found: readonly unknown[],
  goType: string | undefined,
): void {
  const lines: string[] = [];
  try {
    for (const object of found) lines.push(render(template, object, goType));
  } finally {
    // A line even if there is nothing to show: scripts that read one get one.
    printLine(context.out, lines.join("\n"));
  }
}

/** One object by a template, for `info` and `version`. */
export function renderObject(format: string, object: unknown): string {
  return format === "json" ? goJson(object, { escapeHtml: true }) : render(parse(format), object);
}

function parse(format: string): Template {
  try {
    return parseTemplate(format, templateFunctions);
  } catch (error) {
    if (error instanceof TemplateError) {
      throw new Failure(`template parsing error: ${error.message}`, { exitCode: 64 });
    }
    throw error;
  }
}

function render(template: Template, object: unknown, goType?: string): string {
  try {
    return executeTemplate(template, object, templateFunctions, goType);
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: ${error.message}`);
    throw error;
  }
}

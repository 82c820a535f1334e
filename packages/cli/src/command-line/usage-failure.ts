import { Failure } from "../failure.ts";

export const programName = "davit";

interface Usage {
  readonly name: string;
  readonly calledAs?: string;
  readonly usage: string;
}

const tail = ({ name, calledAs = name, usage }: Usage): string =>
  `\n\nUsage:  ${programName} ${calledAs} ${usage}\n\nRun '${programName} ${calledAs} --help' for more information`;

/** A flag that does not exist or has a bad value. */
export const flagFailure = (grammar: Usage, problem: string): Failure =>
  new Failure(problem + tail(grammar), { exitCode: 125 });

/** Too few or too many arguments. */
export function argumentFailure(
  grammar: Usage & { readonly args: { readonly min: number; readonly max?: number } },
): Failure {
  return new Failure(
    `${programName}: '${programName} ${grammar.calledAs ?? grammar.name}' ${requirement(grammar.args)}${tail(grammar)}`,
  );
}

function requirement({ min, max }: { readonly min: number; readonly max?: number }): string {
  const count = (n: number): string => `${n} argument${n === 1 ? "" : "s"}`;
  if (max === 0) return "accepts no arguments";
  if (max === undefined) return `requires at least ${count(min)}`;
  if (min === max) return `requires ${count(min)}`;
  return min === 0 ? `requires at most ${count(max)}` : `requires at least ${min} and at most ${count(max)}`;
}

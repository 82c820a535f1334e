import { type Context, printLine } from "./context.ts";
import { Failure, InterruptedFailure, messageOf, UnreachableFailure } from "./failure.ts";

/**
 * Does the same to every argument: a refusal is printed and the next one is tried. Returns the exit code: 1 if
 * any failed.
 */
export async function forEachArgument(
  context: Context,
  args: readonly string[],
  action: (arg: string) => Promise<void>,
): Promise<number> {
  let exitCode = 0;
  for (const arg of args) {
    try {
      await action(arg);
    } catch (error) {
      if (error instanceof UnreachableFailure || error instanceof InterruptedFailure) throw error;
      if (!(error instanceof Failure)) throw error;
      printLine(context.err, messageOf(error));
      exitCode = 1;
    }
  }
  return exitCode;
}

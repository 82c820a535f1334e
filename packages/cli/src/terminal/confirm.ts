import type { Context } from "../context.ts";

/** Asks `<message> [y/N] `; only `y` or `Y` confirms, the end of input does not. */
export async function confirm(context: Context, message: string): Promise<boolean> {
  context.out.write(`${message} [y/N] `);
  try {
    const answer = await context.lines.next(context.signal);
    return answer?.trim().toLowerCase() === "y";
  } catch (error) {
    // The shell's prompt belongs on a line of its own.
    if (context.signal.aborted) context.out.write("\n");
    throw error;
  }
}

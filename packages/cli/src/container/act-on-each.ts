import { objectPath } from "../client/object-path.ts";
import { type Context, printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

/** Asks the daemon for the same action on each container, and prints the names of those that it has done it to. */
export const actOnEach = (
  context: Context,
  names: readonly string[],
  action: "kill" | "pause" | "restart" | "stop" | "unpause",
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<number> =>
  forEachArgument(context, names, async (name) => {
    await context.client.run({
      method: "POST",
      path: `${objectPath("container", name)}/${action}`,
      query,
      signal: context.signal,
    });
    printLine(context.out, name);
  });

import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { DaemonFailure } from "../failure.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const rm = defineVerb({
  name: "rm",
  aliases: ["container rm", "container remove"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Remove one or more containers",
  args: { min: 1 },
  flags: {
    force: toggle("Force the removal of a running container (uses SIGKILL)", { short: "f" }),
    link: toggle("Remove the specified link", { short: "l" }),
    volumes: toggle("Remove anonymous volumes associated with the container", { short: "v" }),
  },
  run: (context, args, { force, link, volumes }) =>
    forEachArgument(context, args, async (typed) => {
      const name = typed.replace(/^\/+|\/+$/g, "");
      try {
        await context.client.run({
          method: "DELETE",
          path: objectPath("container", name),
          query: { force: force || undefined, link: link || undefined, v: volumes || undefined },
          signal: context.signal,
        });
      } catch (error) {
        // As with `rm -f`: what is not there needs no removing, but it is said, and the exit code stays 0.
        if (!force || !(error instanceof DaemonFailure) || error.status !== 404) throw error;
        printLine(context.err, error.message);
        return;
      }
      printLine(context.out, typed);
    }),
});

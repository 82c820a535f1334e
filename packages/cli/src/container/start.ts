import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { forEachArgument } from "../for-each-argument.ts";
import { Attachment } from "./attach-stream.ts";
import { awaitExit } from "./awaited-exit.ts";
import { forwardSignals, forwardSize } from "./forward-signals.ts";
import { containerStreamsSchema } from "./streams-schema.ts";

export const start = defineVerb({
  name: "start",
  aliases: ["container start"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Start one or more stopped containers",
  args: { min: 1 },
  flags: {
    attach: toggle("Attach STDOUT/STDERR and forward signals", { short: "a" }),
    detachKeys: text("Override the key sequence for detaching a container"),
    interactive: toggle("Attach container's STDIN", { short: "i" }),
  },
  async run(context, args, flags) {
    if (!flags.attach && !flags.interactive) return startAll(context, args);
    const [name = "", ...more] = args;
    if (more.length > 0) throw new Failure("you cannot start and attach multiple containers at once");
    return startAttached(context, name, flags);
  },
});

async function startAll(context: Context, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  const exitCode = await forEachArgument(context, names, async (name) => {
    await startContainer(context, name).catch((error: unknown) => {
      failed.push(name);
      throw error;
    });
    printLine(context.out, name);
  });
  if (failed.length > 0) printLine(context.err, `Error: failed to start containers: ${failed.join(", ")}`);
  return exitCode;
}

export const startContainer = (context: Context, name: string): Promise<void> =>
  context.client.run({
    method: "POST",
    path: `${objectPath("container", name)}/start`,
    signal: context.signal,
  });

async function startAttached(
  context: Context,
  name: string,
  flags: { readonly interactive: boolean; readonly detachKeys: string },
): Promise<number> {
  const { Config, HostConfig, Id } = await context.client.json(containerStreamsSchema, {
    method: "GET",
    path: `${objectPath("container", name)}/json`,
    signal: context.signal,
  });
  const attachment = await Attachment.open(context, Id, {
    stdin: flags.interactive && Config.OpenStdin,
    stdout: true,
    stderr: true,
    tty: Config.Tty,
    detachKeys: flags.detachKeys,
  });
  const exit = await awaitExit(context, Id, HostConfig.AutoRemove === true ? "removed" : "next-exit");
  try {
    await startContainer(context, Id);
  } catch (error) {
    attachment.close();
    throw error;
  }
  const releases = Config.Tty
    ? [forwardSize(context, objectPath("container", Id))]
    : [forwardSignals(context, Id)];
  try {
    // Whoever leaves with the detach keys leaves the container running.
    return (await attachment.run()) === "detached" ? 0 : await exit.code;
  } finally {
    for (const release of releases) release();
  }
}

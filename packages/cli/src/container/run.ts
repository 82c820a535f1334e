import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb, type FlagValues } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { Attachment } from "./attach-stream.ts";
import { awaitExit } from "./awaited-exit.ts";
import { createContainer, creationFlags, type Stream } from "./create-container.ts";
import { forwardSignals, forwardSize } from "./forward-signals.ts";
import { runFailure, startFailure } from "./run-failure.ts";
import { startContainer } from "./start.ts";

const runFlags = {
  ...creationFlags,
  detach: toggle("Run container in background and print container ID", { short: "d" }),
  detachKeys: text("Override the key sequence for detaching a container"),
  sigProxy: toggle("Proxy received signals to the process", { initial: true }),
} as const;

type Flags = FlagValues<typeof runFlags>;
type Attach = Readonly<Record<Stream, boolean>>;

const command = { name: "run", usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]" };

export const run = defineVerb({
  ...command,
  aliases: ["container run"],
  summary: "Create and run a new container from an image",
  args: { min: 1 },
  optionsEndAtFirstArgument: true,
  flags: runFlags,
  async run(context, [image = "", ...args], flags) {
    if (flags.detach && flags.attach.length > 0) {
      throw new Failure("conflicting options: cannot specify both --attach and --detach");
    }
    if (flags.tty && flags.interactive && !flags.detach && context.stdin.isTTY !== true) {
      throw new Failure("the input device is not a TTY");
    }
    const attach = streamsToAttach(flags);
    const id = await createContainer(context, { command, image, args, flags, attach });
    if (flags.detach) {
      await startContainer(context, id).catch((error: unknown) => {
        throw startFailure(error);
      });
      printLine(context.out, id);
      return 0;
    }
    return runAttached(context, id, flags, attach);
  },
});

function streamsToAttach(flags: Flags): Attach {
  const chosen = flags.attach;
  if (chosen.length === 0) {
    return { stdin: flags.interactive && !flags.detach, stdout: !flags.detach, stderr: !flags.detach };
  }
  return {
    stdin: chosen.includes("stdin"),
    stdout: chosen.includes("stdout"),
    stderr: chosen.includes("stderr"),
  };
}

async function runAttached(context: Context, id: string, flags: Flags, attach: Attach): Promise<number> {
  const attachment = await Attachment.open(context, id, {
    ...attach,
    tty: flags.tty,
    detachKeys: flags.detachKeys,
  }).catch((error: unknown) => {
    throw runFailure(error);
  });
  const exit = await awaitExit(context, id, flags.rm ? "removed" : "next-exit");
  try {
    await startContainer(context, id);
  } catch (error) {
    attachment.close();
    throw startFailure(error);
  }
  const releases: (() => void)[] = [];
  if (flags.tty) releases.push(forwardSize(context, objectPath("container", id)));
  else if (flags.sigProxy) releases.push(forwardSignals(context, id));
  try {
    // Whoever leaves with the detach keys leaves the container running.
    return (await attachment.run()) === "detached" ? 0 : await exit.code;
  } finally {
    for (const release of releases) release();
  }
}

import { containerCreateResponseSchema } from "@davit/protocol";
import { objectPath } from "../client/object-path.ts";
import { listOf, text, toggle } from "../command-line/flag.ts";
import { flagFailure } from "../command-line/usage-failure.ts";
import { defineVerb, type FlagValues } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { DaemonFailure, Failure, messageOf } from "../failure.ts";
import { pullImage } from "../image/pull-image.ts";
import { parseMountOption } from "../options/mount-option.ts";
import { parseRestartPolicy } from "../options/quantities.ts";
import { parseVolumeOption } from "../options/volume-option.ts";
import { familiarTagged, parseReference } from "../reference.ts";
import { Attachment } from "./attach-stream.ts";
import { awaitExit } from "./awaited-exit.ts";
import { createBody } from "./create-body.ts";
import { createFlags } from "./create-flags.ts";
import { readEnvironment, readLabels } from "./environment.ts";
import { forwardSignals, forwardSize } from "./forward-signals.ts";
import { runFailure, startFailure } from "./run-failure.ts";
import { startContainer } from "./start.ts";
import { reserveCidFile } from "./cid-file.ts";

const runFlags = {
  ...createFlags,
  attach: listOf("Attach to STDIN, STDOUT or STDERR", parseStream, { short: "a" }),
  detach: toggle("Run container in background and print container ID", { short: "d" }),
  detachKeys: text("Override the key sequence for detaching a container"),
  pull: text('Pull image before running ("always", "missing", "never") (default "missing")', {
    initial: "missing",
  }),
  quiet: toggle("Suppress the pull output", { short: "q" }),
  rm: toggle("Automatically remove the container and its associated anonymous volumes when it exits"),
  sigProxy: toggle("Proxy received signals to the process", { initial: true }),
} as const;

type Flags = FlagValues<typeof runFlags>;

const grammar = { name: "run", usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]" };

export const run = defineVerb({
  ...grammar,
  aliases: ["container run"],
  summary: "Create and run a new container from an image",
  args: { min: 1 },
  optionsEndAtFirstArgument: true,
  flags: runFlags,
  async run(context, [image = "", ...command], flags) {
    checkFlags(context, flags);
    const attach = streamsToAttach(flags);
    const id = await create(context, image, command, flags, attach);
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

type Stream = "stdin" | "stdout" | "stderr";
type Attach = Readonly<Record<Stream, boolean>>;

function parseStream(name: string): Stream {
  const lower = name.toLowerCase();
  if (lower === "stdin" || lower === "stdout" || lower === "stderr") return lower;
  throw new Error("valid streams are STDIN, STDOUT and STDERR");
}

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

function checkFlags(context: Context, flags: Flags): void {
  if (flags.detach && flags.attach.length > 0) {
    throw new Failure("conflicting options: cannot specify both --attach and --detach");
  }
  if (!["always", "missing", "never"].includes(flags.pull)) {
    throw runFailure(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
  }
  if (flags.tty && flags.interactive && !flags.detach && context.stdin.isTTY !== true) {
    throw new Failure("the input device is not a TTY");
  }
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

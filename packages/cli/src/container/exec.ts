import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { list, text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import type { Context } from "../context.ts";
import { Failure } from "../failure.ts";
import { Attachment } from "./attach-stream.ts";
import { readEnvironment } from "./environment.ts";
import { forwardSize } from "./forward-signals.ts";

const createdSchema = z.object({ Id: z.string() });
const execInspectSchema = z.object({ ExitCode: z.number().nullish() });

export const exec = defineVerb({
  name: "exec",
  aliases: ["container exec"],
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  summary: "Execute a command in a running container",
  args: { min: 2 },
  optionsEndAtFirstArgument: true,
  flags: {
    detach: toggle("Detached mode: run command in the background", { short: "d" }),
    detachKeys: text("Override the key sequence for detaching a container"),
    env: list("Set environment variables", { short: "e" }),
    envFile: list("Read in a file of environment variables"),
    interactive: toggle("Keep STDIN open even if not attached", { short: "i" }),
    privileged: toggle("Give extended privileges to the command"),
    tty: toggle("Allocate a pseudo-TTY", { short: "t" }),
    user: text("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
    workdir: text("Working directory inside the container", { short: "w" }),
  },
  async run(context, [name = "", ...command], flags) {
    const { client, signal, out } = context;
    if (flags.tty && flags.interactive && !flags.detach && context.stdin.isTTY !== true) {
      throw new Failure("the input device is not a TTY");
    }
    // Asked first, so that a container that is not there is told as such, not by what is sent next.
    await client.run({ method: "GET", path: `${objectPath("container", name)}/json`, signal });
    const { Id } = await client.json(createdSchema, {
      method: "POST",
      path: `${objectPath("container", name)}/exec`,
      json: {
        User: flags.user,
        Privileged: flags.privileged,
        Tty: flags.tty,
        ...(flags.tty && out.rows !== undefined ? { ConsoleSize: [out.rows, out.columns ?? 0] } : {}),
        AttachStdin: flags.interactive && !flags.detach,
        AttachStdout: !flags.detach,
        AttachStderr: !flags.detach,
        DetachKeys: flags.detachKeys || ((await context.config()).detachKeys ?? ""),
        Env: await readEnvironment(context, flags.env, flags.envFile),
        WorkingDir: flags.workdir,
        Cmd: command,
      },
      signal,
    });
    if (flags.detach) {
      const json = { Detach: true, Tty: flags.tty };
      await client.run({ method: "POST", path: `/exec/${Id}/start`, json, signal });
      return 0;
    }
    return runAttached(context, Id, flags);
  },
});

async function runAttached(
  context: Context,
  id: string,
  flags: { readonly interactive: boolean; readonly tty: boolean; readonly detachKeys: string },
): Promise<number> {
  const { client, signal } = context;
  const attachment = await Attachment.openAt(
    context,
    {
      stdin: flags.interactive,
      stdout: true,
      stderr: true,
      tty: flags.tty,
      detachKeys: flags.detachKeys,
    },
    { method: "POST", path: `/exec/${id}/start`, json: { Detach: false, Tty: flags.tty }, signal },
  );
  const release = flags.tty ? forwardSize(context, `/exec/${id}`) : () => undefined;
  try {
    if ((await attachment.run()) === "detached") throw new Failure("read escape sequence");
  } finally {
    release();
  }
  const { ExitCode } = await client.json(execInspectSchema, {
    method: "GET",
    path: `/exec/${id}/json`,
    signal,
  });
  return ExitCode ?? 0;
}

import { containerCreateResponseSchema } from "@davit/protocol";
import { listOf, text, toggle } from "../command-line/flag.ts";
import { flagFailure } from "../command-line/usage-failure.ts";
import type { FlagValues } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { DaemonFailure, messageOf } from "../failure.ts";
import { pullImage } from "../image/pull-image.ts";
import { parseMountOption } from "../options/mount-option.ts";
import { parseRestartPolicy } from "../options/quantities.ts";
import { parseVolumeOption } from "../options/volume-option.ts";
import { familiarTagged, parseReference } from "../reference.ts";
import { reserveCidFile } from "./cid-file.ts";
import { createBody } from "./create-body.ts";
import { createFlags } from "./create-flags.ts";
import { readEnvironment, readLabels } from "./environment.ts";
import { optionFailure, runFailure } from "./run-failure.ts";

/** What `create` and `run` share. */
export const creationFlags = {
  ...createFlags,
  attach: listOf("Attach to STDIN, STDOUT or STDERR", parseStream, { short: "a" }),
  pull: text('Pull image before creating ("always", "missing", "never") (default "missing")', {
    initial: "missing",
  }),
  quiet: toggle("Suppress the pull output", { short: "q" }),
  rm: toggle("Automatically remove the container and its associated anonymous volumes when it exits"),
} as const;

export type CreationFlags = FlagValues<typeof creationFlags>;

export type Stream = "stdin" | "stdout" | "stderr";

export interface Creation {
  /** `run` or `create`. */
  readonly command: { readonly name: string; readonly usage: string };
  readonly image: string;
  readonly args: readonly string[];
  readonly flags: CreationFlags;
  readonly attach: Readonly<Record<Stream, boolean>>;
}

function parseStream(name: string): Stream {
  const lower = name.toLowerCase();
  if (lower === "stdin" || lower === "stdout" || lower === "stderr") return lower;
  throw new Error("valid streams are STDIN, STDOUT and STDERR");
}

/** Creates a container, its image pulled if need be. Returns its ID; throws what `run` prints. */
export async function createContainer(context: Context, creation: Creation): Promise<string> {
  const { flags, image } = creation;
  const { name } = creation.command;
  const orFailure = <Value>(parse: () => Value): Value => {
    try {
      return parse();
    } catch (error) {
      throw optionFailure(error, name);
    }
  };
  if (!["always", "missing", "never"].includes(flags.pull)) {
    const problem = `invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`;
    throw runFailure(problem, { command: name });
  }
  const env = await readEnvironment(context, flags.env, flags.envFile);
  const labels = await readLabels(context, flags.label, flags.labelFile);
  const mounts = parseMounts(creation, context.cwd);
  const body = orFailure(() =>
    createBody({
      image,
      command: creation.args,
      flags,
      env,
      labels,
      volumes: flags.volume.map((value) => parseVolumeOption(value, context.cwd)),
      restart: parseRestartPolicy(flags.restart),
      mounts,
      attach: creation.attach,
      autoRemove: flags.rm,
      consoleSize: [context.out.rows ?? 0, context.out.columns ?? 0],
    }),
  );
  await using cidFile = await reserveCidFile(flags.cidfile);
  try {
    const { Id, Warnings } = await createOrPull(context, creation, body);
    for (const warning of Warnings) printLine(context.err, `WARNING: ${warning}`);
    await cidFile.write(Id);
    return Id;
  } catch (error) {
    throw runFailure(error, { command: name });
  }
}

async function createOrPull(context: Context, { image, flags }: Creation, body: Record<string, unknown>) {
  const post = () =>
    context.client.json(containerCreateResponseSchema, {
      method: "POST",
      path: "/containers/create",
      query: { name: flags.name || undefined, platform: flags.platform || undefined },
      json: body,
      signal: context.signal,
    });
  const pull = () =>
    pullImage(context, image, { platform: flags.platform, quiet: flags.quiet, output: context.err });
  if (flags.pull === "always") await pull();
  return post().catch(async (error: unknown) => {
    const missing =
      error instanceof DaemonFailure && error.status === 404 && /no such image/i.test(error.reason);
    if (!missing || flags.pull !== "missing") throw error;
    if (!flags.quiet) {
      printLine(context.err, `Unable to find image '${familiarTagged(parseReference(image))}' locally`);
    }
    await pull();
    return post();
  });
}

/** Their errors are the command line's. */
function parseMounts({ flags, command }: Creation, cwd: string) {
  return flags.mount.map((value) => {
    try {
      return parseMountOption(value, cwd);
    } catch (error) {
      throw flagFailure(command, `invalid argument "${value}" for "--mount" flag: ${messageOf(error)}`);
    }
  });
}

import { lstat, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describeIssue, pluginConfigSchema } from "@davit/protocol";
import { packDirectory } from "../archive/pack-directory.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { errnoOf, Failure, messageOf } from "../failure.ts";
import { parseReference } from "../reference.ts";

export const create = defineVerb({
  name: "plugin create",
  usage: "[OPTIONS] PLUGIN PLUGIN-DATA-DIR",
  summary:
    "Create a plugin from a rootfs and configuration. Plugin data directory must contain config.json and rootfs directory.",
  args: { min: 2, max: 2 },
  flags: { compress: toggle("Compress the context using gzip") },
  async run(context, args, { compress }) {
    const [name = "", dataDir = ""] = args;
    parseReference(name);
    const directory = resolve(context.cwd, dataDir);
    await checkContext(directory, dataDir);
    const archive = packDirectory(directory);
    const body = compress ? archive.pipe((await import("node:zlib")).createGzip()) : archive;
    await context.client.run({
      method: "POST",
      path: "/plugins/create",
      query: { name },
      headers: { "Content-Type": "application/x-tar" },
      body,
      signal: context.signal,
    });
    printLine(context.out, name);
  },
});

/** What can be seen to be wrong before anything is sent. */
async function checkContext(directory: string, typed: string): Promise<void> {
  const stats = await lstat(directory).catch((error: unknown) => {
    throw systemFailure("lstat", typed, error);
  });
  if (!stats.isDirectory()) throw new Failure("context must be a directory");
  const content = await readFile(join(directory, "config.json"), "utf8").catch((error: unknown) => {
    throw systemFailure("open", join(typed, "config.json"), error);
  });
  let config: unknown;
  try {
    config = JSON.parse(content);
  } catch (error) {
    throw new Failure(`config.json: ${messageOf(error)}`, { cause: error });
  }
  const parsed = pluginConfigSchema.safeParse(config);
  if (!parsed.success) throw new Failure(`config.json: ${describeIssue(parsed.error)}`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
};

function systemFailure(call: string, path: string, error: unknown): Failure {
  const reason = reasons[errnoOf(error) ?? ""] ?? messageOf(error);
  return new Failure(`${call} ${path}: ${reason}`, { cause: error });
}

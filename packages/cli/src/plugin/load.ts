import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Privilege, privilegesSchema } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { DaemonFailure, Failure } from "../failure.ts";
import { openInput } from "../image/open-input.ts";
import { localName } from "../reference.ts";
import { confirm } from "../terminal/confirm.ts";
import { describePrivileges } from "./privileges.ts";

const loadedSchema = z.object({ Id: z.string(), Name: z.string() });
const refusedSchema = z.object({ Privileges: privilegesSchema });

export const load = defineVerb({
  name: "plugin load",
  usage: "[OPTIONS]",
  summary: "Load a plugin from an OCI archive or STDIN",
  args: { min: 0, max: 0 },
  flags: {
    alias: text("Local name for plugin"),
    disable: toggle("Do not enable the plugin on load"),
    grantAllPermissions: toggle("Grant all permissions necessary to run the plugin"),
    input: text("Read from archive file, instead of STDIN", { short: "i" }),
  },
  async run(context, _args, { alias, disable, grantAllPermissions, input }) {
    const { client, signal } = context;
    const name = alias === "" ? undefined : localName(alias);
    await using archive = await openArchive(context, input);
    const send = async (granted?: readonly Privilege[]) =>
      client.json(loadedSchema, {
        method: "POST",
        path: "/plugins/load",
        query: { name },
        headers: {
          "Content-Type": "application/x-tar",
          ...(granted === undefined ? {} : { "X-Davit-Privileges": encode(granted) }),
        },
        body: await openInput(createReadStream(archive.path), archive.shown),
        signal,
      });
    const loaded = await send().catch(async (error: unknown) => {
      const asked = privilegesAskedFor(error);
      if (asked === undefined) throw error;
      if (!grantAllPermissions && !(await grants(context, asked, archive.shown, input === ""))) {
        throw new Failure(`permission denied while loading plugin ${archive.shown}`);
      }
      return send(asked);
    });
    if (!disable) {
      const path = `${objectPath("plugin", loaded.Name)}/enable`;
      await client.run({ method: "POST", path, query: { timeout: 0 }, signal });
    }
    printLine(context.out, `Loaded plugin ${loaded.Name}`);
  },
});

const encode = (privileges: readonly Privilege[]): string =>
  Buffer.from(JSON.stringify(privileges)).toString("base64url");

/** The daemon refuses an archive first if it asks for anything, and says what for. */
function privilegesAskedFor(error: unknown): readonly Privilege[] | undefined {
  if (!(error instanceof DaemonFailure) || error.status !== 403) return undefined;
  try {
    const parsed = refusedSchema.safeParse(JSON.parse(error.body));
    return parsed.success ? parsed.data.Privileges : undefined;
  } catch {
    // Not the refusal that this is about: somebody between us and the daemon.
    return undefined;
  }
}

async function grants(
  context: Context,
  asked: readonly Privilege[],
  shown: string,
  inputIsTaken: boolean,
): Promise<boolean> {
  const question = describePrivileges(shown, asked);
  if (!inputIsTaken) return confirm(context, question);
  throw new Failure(
    `${question.split("\n").slice(0, -1).join("\n")}\nThere is nobody to ask while the archive comes from STDIN: use --input or --grant-all-permissions`,
  );
}

interface Archive extends AsyncDisposable {
  readonly path: string;
  readonly shown: string;
}

/** A file that can be read twice: standard input is kept in a temporary one. */
async function openArchive(context: Context, input: string): Promise<Archive> {
  if (input !== "") {
    return { path: resolve(context.cwd, input), shown: input, [Symbol.asyncDispose]: async () => undefined };
  }
  if (context.stdin.isTTY === true) throw new Failure("requested load from stdin, but stdin is empty");
  const directory = await mkdtemp(join(tmpdir(), "davit-load-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  const path = join(directory, "plugin.tar");
  try {
    await pipeline(context.stdin, createWriteStream(path, { mode: 0o600 }), { signal: context.signal });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, shown: "STDIN", [Symbol.asyncDispose]: remove };
}

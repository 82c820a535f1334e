import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { FormerPluginFiles, FormerPlugins } from "../../core/ports/former-plugins.ts";
import { searchPath, startFailure } from "../../linux/run-program.ts";

const files = {
  manifest: "manifest.json",
  pluginConfig: "plugin-config.json",
  config: "config.json",
  pluginSettings: "plugin-settings.json",
} as const;

const maxFileBytes = 1024 * 1024;
const maxSaidBytes = 4096;

/** Plugin directories of others below one directory. */
export class DiskFormerPlugins implements FormerPlugins {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  index(): Promise<string | undefined> {
    return readPlainFile(this.#root, "plugins.json");
  }

  async names(): Promise<readonly string[]> {
    const names = await list(this.#root);
    const found = await Promise.all(names.map((name) => this.#hasFiles(name)));
    return names.filter((_name, index) => found[index]).sort();
  }

  async isOccupied(name: string): Promise<boolean> {
    return (await this.#hasFiles(name)) || (await list(join(this.#root, name, "rootfs"))).length > 0;
  }

  async read(name: string): Promise<FormerPluginFiles | undefined> {
    const dir = join(this.#root, name);
    if (!(await isDirectory(dir))) return undefined;
    return {
      entries: await list(dir),
      manifest: await readPlainFile(dir, files.manifest),
      pluginConfig: await readPlainFile(dir, files.pluginConfig),
      config: await readPlainFile(dir, files.config),
      pluginSettings: await readPlainFile(dir, files.pluginSettings),
    };
  }

  async *rootfs(name: string, signal: AbortSignal): ByteStream {
    const dir = join(this.#root, name, "rootfs");
    if (!(await isDirectory(dir))) throw new EngineError("invalid", "its rootfs is missing");
    const form = [
      "--format=pax",
      "--numeric-owner",
      "--xattrs",
      "--acls",
      "--no-fflags",
      "--one-file-system",
    ];
    const child = spawn("bsdtar", ["-c", ...form, "-C", dir, "-f", "-", "."], {
      env: { PATH: searchPath, LC_ALL: "C.UTF-8" },
      stdio: ["ignore", "pipe", "pipe"],
      signal,
      killSignal: "SIGKILL",
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", (error) => reject(startFailure("bsdtar", error)));
      child.once("close", resolve);
    });
    // Whoever leaves early does not wait for it.
    ended.catch(() => undefined);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < maxSaidBytes) said += text;
    });
    try {
      yield* child.stdout;
      const code = await ended;
      if (code !== 0) throw new EngineError("internal", `reading its rootfs: ${firstLine(said)}`);
    } finally {
      child.kill("SIGKILL");
    }
  }

  async #hasFiles(name: string): Promise<boolean> {
    try {
      const entries: readonly string[] = await list(join(this.#root, name));
      return Object.values(files).some((file) => entries.includes(file));
    } catch {
      // A link to itself, for one: whoever reads it says what is wrong.
      return true;
    }
  }
}

const firstLine = (text: string): string => text.trim().split("\n")[0] ?? "";

/** False if there is nothing; a link, or anything else, in its place is refused. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw new EngineError("internal", `looking up ${path}: ${messageOf(error)}`, { cause: error });
  }
  throw new EngineError("invalid", `${path} is not a directory itself: links are not followed`);
}

/** The names in a directory; none if there is none. */
async function list(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw new EngineError("internal", `listing ${dir}: ${messageOf(error)}`, { cause: error });
  }
}

/** Neither a link nor a FIFO nor a device can be opened so, or hold up whoever tries. */
async function readPlainFile(dir: string, name: string): Promise<string | undefined> {
  try {
    await using file = await open(
      join(dir, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const stats = await file.stat();
    if (!stats.isFile()) throw new EngineError("invalid", `${name}: not a regular file`);
    if (stats.size > maxFileBytes) throw new EngineError("invalid", `${name}: larger than 1 MiB`);
    return await file.readFile("utf8");
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (errnoOf(error) === "ENOENT") return undefined;
    if (errnoOf(error) === "ELOOP") throw new EngineError("invalid", `${name}: links are not followed`);
    if (errnoOf(error) === "ENXIO") throw new EngineError("invalid", `${name}: not a regular file`);
    throw new EngineError("internal", `reading ${name}: ${messageOf(error)}`, { cause: error });
  }
}

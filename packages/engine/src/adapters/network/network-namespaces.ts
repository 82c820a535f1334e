import { mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { EngineError, errnoOf } from "../../core/errors.ts";
import { runProgram } from "../../linux/run-program.ts";
import { noIp, notFound } from "./ip-batch.ts";

/** Of file systems whose files are namespaces. */
const namespaceFsMagic = 0x6e_73_66_73;

/** Network namespaces that are held by a mount on a file named after their owner, so that they need no process. */
export class NetworkNamespaces {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  path(id: string): string {
    return `${this.#dir}/${id}`;
  }

  async create(id: string): Promise<string> {
    await this.remove(id);
    const path = this.path(id);
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await writeFile(path, "", { mode: 0o600 });
    const { exitCode, stderr } = await runProgram([
      "unshare",
      `--net=${path}`,
      "ip",
      "link",
      "set",
      "lo",
      "up",
    ]);
    if (exitCode !== 0) {
      await this.remove(id);
      if (exitCode === notFound) throw noIp();
      throw new EngineError("internal", `create network namespace ${path}: ${stderr.trim()}`);
    }
    return path;
  }

  async adopt(id: string, pid: number): Promise<string> {
    const path = this.path(id);
    if (await this.exists(id)) return path;
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await writeFile(path, "", { mode: 0o600 });
    const { exitCode, stderr } = await runProgram(["mount", "--bind", `/proc/${pid}/ns/net`, path]);
    if (exitCode !== 0) {
      await this.remove(id);
      throw new EngineError("internal", `hold network namespace of process ${pid}: ${stderr.trim()}`);
    }
    return path;
  }

  async remove(id: string): Promise<void> {
    const path = this.path(id);
    if (await this.exists(id)) {
      const { exitCode, stderr } = await runProgram(["umount", "-c", "-i", "-l", path]);
      if (exitCode !== 0) {
        throw new EngineError("internal", `remove network namespace ${path}: ${stderr.trim()}`);
      }
    }
    await rm(path, { force: true });
  }

  /** Whether the file holds a namespace. */
  async exists(id: string): Promise<boolean> {
    try {
      return (await statfs(this.path(id))).type === namespaceFsMagic;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  async list(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#dir)).toSorted();
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    }
  }
}

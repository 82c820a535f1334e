import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killProcessesOf, unmountBelow } from "./leftovers.ts";

/** A directory of one test, with a short name because paths of UNIX sockets are limited to 107 bytes. */
export class TempDir implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(prefix: string): Promise<TempDir> {
    return new TempDir(await mkdtemp(join(tmpdir(), prefix)));
  }

  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  /** Ends what still runs in it, unmounts what is mounted below it, deletes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await killProcessesOf(this.path);
    await unmountBelow(this.path);
    await rm(this.path, { recursive: true, force: true });
  }
}

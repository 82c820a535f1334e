import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errnoOf } from "../../core/errors.ts";

export interface RotatedFile {
  readonly path: string;
  /** How many times files were changed since. */
  readonly age: number;
  readonly isCompressed: boolean;
}

/** A file and its older ones, `path.1` being the youngest of those. */
export class RotatedFiles {
  readonly #path: string;
  readonly #maxFiles: number;

  constructor(path: string, maxFiles: number) {
    this.#path = path;
    this.#maxFiles = maxFiles;
  }

  /** Older ones that there are, the oldest first. */
  async older(): Promise<readonly RotatedFile[]> {
    const found: RotatedFile[] = [];
    for (let age = Math.max(1, this.#maxFiles - 1); age >= 1; age -= 1) {
      const file = await this.#at(age);
      if (file !== undefined) found.push(file);
    }
    return found;
  }

  /** Makes the newest the youngest older one; the oldest goes. One that was stopped half-way is finished. Without a newest, all stays. */
  async shift(): Promise<void> {
    if (!(await exists(this.#path))) return;
    const last = Math.max(1, this.#maxFiles - 1);
    let free = 1;
    while (free < last && (await this.#at(free)) !== undefined) free += 1;
    await this.#remove(free);
    for (let age = free - 1; age >= 1; age -= 1) {
      const file = await this.#at(age);
      if (file !== undefined)
        await rename(file.path, `${this.#path}.${age + 1}${file.isCompressed ? ".gz" : ""}`);
    }
    await rename(this.#path, `${this.#path}.1`);
  }

  /** What stays after the newest was put away: nothing, if there is to be one file only. */
  async trim(): Promise<void> {
    if (this.#maxFiles === 1) await this.#remove(1);
  }

  /** Compresses the youngest older one, if it is not. */
  async compress(): Promise<void> {
    const source = `${this.#path}.1`;
    const target = `${source}.gz`;
    try {
      await pipeline(
        createReadStream(source),
        createGzip(),
        createWriteStream(`${target}.tmp`, { mode: 0o640 }),
      );
      await rename(`${target}.tmp`, target);
      await rm(source);
    } catch (error) {
      await rm(`${target}.tmp`, { force: true });
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }

  async #at(age: number): Promise<RotatedFile | undefined> {
    for (const isCompressed of [false, true]) {
      const path = `${this.#path}.${age}${isCompressed ? ".gz" : ""}`;
      if (await exists(path)) return { path, age, isCompressed };
    }
    return undefined;
  }

  async #remove(age: number): Promise<void> {
    for (const suffix of ["", ".gz"]) await rm(`${this.#path}.${age}${suffix}`, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

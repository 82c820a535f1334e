import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { MountCounts } from "@davit/sdk";
import * as z from "zod";
import { type VolumeKind, volumeKindSchema } from "./volume-kind.ts";

const indexSchema = z.object({
  version: z.literal(1),
  volumes: z.record(z.string(), z.object({ createdAt: z.iso.datetime(), kind: volumeKindSchema })),
  mounts: z.record(z.string(), z.record(z.string(), z.number().int().positive())),
});

export interface IndexedVolume {
  readonly createdAt: string;
  readonly kind: VolumeKind;
}

export interface IndexData {
  readonly volumes: Readonly<Record<string, IndexedVolume>>;
  /** Who has which tmpfs mounted; mounts outlive this process. */
  readonly mounts: MountCounts;
}

/** The volumes that exist: one JSON file, replaced as a whole, so a crash leaves the old state or the new. */
export class VolumeIndex {
  readonly #path: string;
  #data: IndexData;
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(path: string, data: IndexData) {
    this.#path = path;
    this.#data = data;
  }

  static async open(path: string): Promise<VolumeIndex> {
    return new VolumeIndex(path, await readIndex(path));
  }

  get data(): IndexData {
    return this.#data;
  }

  /** Fulfilled when the change is on disk; until then, and if that fails, `data` is as it was. */
  async change(edit: (data: IndexData) => IndexData): Promise<void> {
    const mine = this.#lastWrite.then(async () => {
      const data = edit(this.#data);
      await replaceFile(this.#path, `${JSON.stringify({ version: 1, ...data }, null, 2)}\n`);
      this.#data = data;
    });
    // A failed write is its caller's failure, not that of the next in line.
    this.#lastWrite = mine.catch(() => undefined);
    await mine;
  }
}

async function readIndex(path: string): Promise<IndexData> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { volumes: {}, mounts: {} };
    throw error;
  }
  try {
    const { volumes, mounts } = indexSchema.parse(JSON.parse(text));
    return { volumes, mounts };
  } catch (error) {
    throw new Error(`read ${path}: not an index of this version`, { cause: error });
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const staging = `${path}.new`;
  const file = await open(staging, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staging, path);
  const dir = await open(dirname(path), "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

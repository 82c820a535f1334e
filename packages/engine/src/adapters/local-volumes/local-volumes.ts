import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DriverVolume } from "@davit/protocol";
import * as z from "zod";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import type { VolumeDriver } from "../../core/ports/volume-driver.ts";
import { type LocalMount, parseLocalOptions, requireLocalName } from "../../core/volume/local-options.ts";
import { mountsAtOrBelow, readMountTable } from "../../linux/mount-table.ts";
import { runProgram } from "../../linux/run-program.ts";

const optionsFile = z.record(z.string(), z.string());

export interface LocalVolumesOptions {
  /** One directory per volume: `<root>/<name>/_data`. */
  readonly root: string;
  /** Whether the volume is mounted under any other ID than the one given. */
  readonly mountedElsewhere: (name: string, mountId: string) => boolean;
}

/** The built-in driver: directories below the data root, or whatever `-o type,device,o` names, mounted while it is used. */
export class LocalVolumes implements VolumeDriver {
  readonly name = "local";
  readonly #root: string;
  readonly #queue = new KeyedQueue();
  readonly #mountedElsewhere: LocalVolumesOptions["mountedElsewhere"];

  constructor({ root, mountedElsewhere }: LocalVolumesOptions) {
    this.#root = root;
    this.#mountedElsewhere = mountedElsewhere;
  }

  capabilities() {
    return Promise.resolve({ scope: "local" } as const);
  }

  async create(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    requireLocalName(name);
    parseLocalOptions(options);
    const dir = join(this.#root, name);
    const isNew = (await this.get(name)) === undefined;
    try {
      await mkdir(dir, { recursive: true, mode: 0o755 });
      // The directory of the data comes last, because with it the volume is there, and must not be without its options.
      if (Object.keys(options).length > 0) await this.#writeOptions(name, options);
      else if (isNew) await rm(this.#optionsFile(name), { force: true });
      await mkdir(this.#data(name), { recursive: true, mode: 0o755 });
    } catch (error) {
      if (isNew) await rm(dir, { recursive: true, force: true });
      throw new EngineError("internal", `making ${dir}: ${messageOf(error)}`, { cause: error });
    }
  }

  async remove(name: string): Promise<void> {
    requireLocalName(name);
    await this.#queue.run(name, () => this.#remove(name));
  }

  async mount(name: string): Promise<string> {
    const data = this.#data(name);
    await this.#queue.run(name, async () => {
      const spec = await this.#mountSpec(name);
      if (spec !== undefined && !(await this.#isMounted(name))) await mountAt(spec, data);
    });
    return data;
  }

  async unmount(name: string, mountId: string): Promise<void> {
    await this.#queue.run(name, async () => {
      const spec = await this.#mountSpec(name);
      // Asked only now: whoever came before in the queue has noted by now that it does not need the mount any more.
      if (spec !== undefined && !this.#mountedElsewhere(name, mountId)) await this.#unmountData(name);
    });
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    if (name.includes("/")) return undefined;
    try {
      const { birthtime } = await stat(this.#data(name));
      return { Name: name, Mountpoint: this.#data(name), CreatedAt: goTime(birthtime) };
    } catch (error) {
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENAMETOOLONG") return undefined;
      throw new EngineError("internal", `looking at ${this.#data(name)}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async list(): Promise<readonly DriverVolume[]> {
    const names = await readdir(this.#root).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return [];
      throw new EngineError("internal", `listing ${this.#root}: ${messageOf(error)}`, { cause: error });
    });
    const found = await Promise.all(names.map((name) => this.get(name)));
    return found.filter((volume) => volume !== undefined);
  }

  #data(name: string): string {
    return join(this.#root, name, "_data");
  }

  #optionsFile(name: string): string {
    return join(this.#root, name, "opts.json");
  }

  async #mountSpec(name: string): Promise<LocalMount | undefined> {
    const path = this.#optionsFile(name);
    try {
      return parseLocalOptions(optionsFile.parse(JSON.parse(await readFile(path, "utf8"))));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw new EngineError("internal", `reading ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Under a name of its own until it is whole. */
  async #writeOptions(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    const path = this.#optionsFile(name);
    await writeFile(`${path}.new`, JSON.stringify(options), { flush: true });
    await rename(`${path}.new`, path);
  }

  async #remove(name: string): Promise<void> {
    const dir = join(this.#root, name);
    await this.#unmountData(name);
    const [mounted] = await this.#mountsBelow(name);
    // What is mounted there is not ours to delete.
    if (mounted !== undefined) {
      throw new EngineError("conflict", `removing ${dir}: something is mounted on ${mounted}`);
    }
    try {
      await rm(dir, { recursive: true, force: true });
    } catch (error) {
      throw new EngineError("internal", `removing ${dir}: ${messageOf(error)}`, { cause: error });
    }
  }

  async #isMounted(name: string): Promise<boolean> {
    return (await this.#mountsBelow(name)).some((path) => path.endsWith(`/${name}/_data`));
  }

  async #mountsBelow(name: string): Promise<readonly string[]> {
    // The table has real names; what is mounted is not looked at, because its server may be dead.
    return mountsAtOrBelow(await readMountTable(), join(await realpath(this.#root), name));
  }

  /** Something may have been mounted over the mount. */
  async #unmountData(name: string): Promise<void> {
    const data = this.#data(name);
    while (await this.#isMounted(name)) {
      const { exitCode, stderr } = await runProgram(["umount", data]);
      if (exitCode !== 0) throw new EngineError("conflict", `unmounting ${data}: ${stderr.trim()}`);
    }
  }
}

/** Seconds are enough for a volume's age, and what Go's RFC 3339 prints. */
const goTime = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, "Z");

async function mountAt({ type, device, options }: LocalMount, target: string): Promise<void> {
  const flags = [...(type === "" ? [] : ["-t", type]), ...(options === "" ? [] : ["-o", options])];
  const { exitCode, stderr } = await runProgram(["mount", ...flags, "--", device, target]);
  if (exitCode === 0) return;
  throw new EngineError(
    "internal",
    `failed to mount local volume: mount ${device}:${target}, data: ${options}: ${stderr.trim()}`,
  );
}

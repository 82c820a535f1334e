import { chmod, mkdir, readdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { Digest } from "@davit/protocol";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { TransferOptions } from "../../core/ports/content.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { RootfsRequest, Snapshots, UnpackedLayer, WrittenChange } from "../../core/ports/snapshots.ts";
import { readMountTable } from "../../linux/mount-table.ts";
import { extractLayer } from "./extract-layer.ts";
import { LayerStore, type StoredLayer } from "./layer-store.ts";
import { mountOverlay, mountSource } from "./overlay-mount.ts";
import { removeTree } from "./remove-tree.ts";
import { canceled, runTool, saying } from "./tool.ts";
import { unmountTree } from "./unmount-tree.ts";
import { writtenChanges } from "./written-changes.ts";

export interface OverlaySnapshotsOptions {
  readonly logger?: Logger;
  /** The most that one layer's tar may hold, against decompression bombs; 64 GiB. */
  readonly maxBytes?: number;
}

type UnpackOptions = TransferOptions & { readonly expected?: Digest };

const defaultMaxBytes = 64 * 1024 ** 3;
/** Keys become directory names and stand in mount options. */
const keyPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Snapshots on overlayfs, below one root: `layers/<number>/fs`, `writable/<key>/{upper,work}`, `staging/`. Removals are
 * in the form of overlayfs, so a layer does not depend on those below it and layers unpack side by side.
 */
export class OverlaySnapshots implements Snapshots {
  readonly #root: string;
  readonly #store: LayerStore;
  readonly #logger: Logger | undefined;
  readonly #maxBytes: number;
  readonly #flights = new Map<Digest, Promise<UnpackedLayer>>();

  private constructor(root: string, store: LayerStore, options: OverlaySnapshotsOptions) {
    this.#root = root;
    this.#store = store;
    this.#logger = options.logger;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
  }

  /** Opens a root, made if it is missing; discards what an earlier process left half done. */
  static async open(root: string, options: OverlaySnapshotsOptions = {}): Promise<OverlaySnapshots> {
    // Closed to others: layers hold set-user-ID files and device nodes.
    await mkdir(root, { recursive: true, mode: 0o700 });
    await mkdir(`${root}/writable`, { recursive: true, mode: 0o700 });
    // Below a root file system without layers.
    await mkdir(`${root}/empty`, { recursive: true });
    const real = await realpath(root);
    return new OverlaySnapshots(real, await LayerStore.open(real, options.logger), options);
  }

  async unpack(source: ByteStream, options: UnpackOptions = {}): Promise<UnpackedLayer> {
    const { expected, signal } = options;
    if (expected === undefined) return this.#unpack(source, options);
    while (true) {
      const there = this.#store.find(expected);
      if (there !== undefined) {
        await release(source);
        return describe(there);
      }
      const flight = this.#flights.get(expected);
      if (flight === undefined) break;
      // Another's failure or cancellation is not ours: then this source is tried.
      await settled(flight, signal);
    }
    const flight = this.#unpack(source, options);
    this.#flights.set(expected, flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(expected);
    }
  }

  async layer(diffId: Digest): Promise<UnpackedLayer | undefined> {
    const layer = this.#store.find(diffId);
    return layer === undefined ? undefined : describe(layer);
  }

  async mount({ key, layers, target }: RootfsRequest): Promise<void> {
    const writable = writableOf(key);
    const lower = this.#lower(layers);
    try {
      await mkdir(target, { recursive: true });
      const real = await realTarget(target);
      if ((await readMountTable()).some((mount) => mount.target === real)) return;
      for (const dir of ["upper", "work"]) {
        await mkdir(`${this.#root}/${writable}/${dir}`, { recursive: true, mode: 0o700 });
      }
      // The merged root has the mode of the writable one.
      await chmod(`${this.#root}/${writable}/upper`, 0o755);
    } catch (error) {
      throw wrapError(`mounting ${target}`, error);
    }
    await mountOverlay(this.#root, { lower, writable, target });
  }

  async unmount(target: string): Promise<void> {
    const real = await realTarget(target);
    if (real !== undefined) await unmountTree(real, this.#logger);
  }

  async discard(key: string): Promise<void> {
    const writable = writableOf(key);
    if (await this.#isMounted("upperdir", `${writable}/upper`)) {
      throw new EngineError("conflict", `discarding ${key}: it is mounted`);
    }
    await this.#store.discard(`${this.#root}/${writable}`);
  }

  async usage(key: string): Promise<number> {
    const upper = `${this.#root}/${writableOf(key)}/upper`;
    const tests = "-xdev -ignore_readdir_race -type f -printf".split(" ");
    const run = await runTool("find", [upper, ...tests, "%i %s\\n"]);
    if (run.code !== 0) {
      if (/No such file or directory/.test(run.stderr)) return 0;
      throw new EngineError("internal", `measuring ${key}: ${saying("find", run)}`);
    }
    // A file with several names counts once.
    const sizes = new Map(run.stdout.split("\n").map((line) => toPair(line.split(" "))));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async changes(key: string, layers: readonly Digest[]): Promise<readonly WrittenChange[]> {
    const lowers = this.#lower(layers).map((lower) => `${this.#root}/${lower}`);
    try {
      return await writtenChanges(`${this.#root}/${writableOf(key)}/upper`, lowers.toReversed());
    } catch (error) {
      throw wrapError(`comparing ${key}`, error);
    }
  }

  async removeLayer(diffId: Digest): Promise<void> {
    const layer = this.#store.find(diffId);
    if (layer === undefined) return;
    if (await this.#isMounted("lowerdir", lowerOf(layer))) {
      throw new EngineError("conflict", `removing layer ${diffId}: it is mounted`);
    }
    await this.#store.remove(diffId);
  }

  async layers(): Promise<readonly Digest[]> {
    return this.#store.list();
  }

  async keys(): Promise<readonly string[]> {
    return readdir(`${this.#root}/writable`);
  }

  async #unpack(source: ByteStream, options: UnpackOptions): Promise<UnpackedLayer> {
    const { expected, onBytes, signal } = options;
    const staged = await this.#store.stage();
    try {
      const fs = `${staged}/fs`;
      await mkdir(fs);
      await chmod(fs, 0o755);
      const layer = await extractLayer(source, fs, {
        maxBytes: this.#maxBytes,
        ...(onBytes === undefined ? {} : { onBytes }),
        ...(signal === undefined ? {} : { signal }),
      });
      if (expected !== undefined && layer.diffId !== expected) {
        throw new EngineError(
          "invalid",
          `unpacking layer: its diff ID is ${layer.diffId}, not ${expected} as expected`,
        );
      }
      await this.#store.describe(staged, layer);
      // One call for the whole tree: a flush per file costs more than the unpacking.
      const sync = await runTool("sync", ["-f", fs], { signal });
      if (sync.code !== 0) throw new EngineError("internal", `unpacking layer: ${saying("sync", sync)}`);
      return describe(await this.#store.commit(staged, layer));
    } finally {
      await removeTree(staged);
    }
  }

  #lower(layers: readonly Digest[]): string[] {
    const stored = layers.map((diffId) => {
      const layer = this.#store.find(diffId);
      if (layer === undefined) throw new EngineError("not-found", `layer ${diffId}: not unpacked`);
      return layer;
    });
    // overlayfs refuses a directory twice. The upper one of two equal layers has every entry and removal of the lower one.
    const distinct = stored.filter((layer, index) => !stored.includes(layer, index + 1));
    // It also ignores that the root of a layer is opaque.
    const bottom = distinct.findLastIndex((layer) => layer.opaqueRoot);
    const visible = bottom === -1 ? distinct : distinct.slice(bottom);
    return visible.length === 0 ? ["empty"] : visible.map(lowerOf);
  }

  async #isMounted(option: "lowerdir" | "upperdir", dir: string): Promise<boolean> {
    const source = mountSource(this.#root);
    return (await readMountTable())
      .filter((mount) => mount.source === source)
      .flatMap(({ options }) => options.split(","))
      .some(
        (text) =>
          text.startsWith(`${option}=`) &&
          text
            .slice(option.length + 1)
            .split(":")
            .includes(dir),
      );
  }
}

const describe = ({ diffId, sizeBytes }: StoredLayer): UnpackedLayer => ({ diffId, sizeBytes });

const lowerOf = ({ name }: StoredLayer): string => `layers/${name}/fs`;

function writableOf(key: string): string {
  if (!keyPattern.test(key)) throw new EngineError("invalid", `writable directory ${key}: invalid key`);
  return `writable/${key}`;
}

const toPair = ([inode, size]: readonly string[]): readonly [string, number] => [
  inode ?? "",
  Number(size ?? 0),
];

/** The target as the mount table names it. It is not touched itself: what is mounted there may not answer. */
async function realTarget(target: string): Promise<string | undefined> {
  try {
    return join(await realpath(dirname(target)), basename(target));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw wrapError(`unmounting ${target}`, error);
  }
}

/** Gives up a stream that was not begun. */
async function release(source: ByteStream): Promise<void> {
  if (source instanceof Readable) source.destroy();
  else await source[Symbol.asyncIterator]().return?.();
}

/** Waits until a flight is over, however; or until the signal says not to. */
async function settled(flight: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  const over = flight.then(
    () => undefined,
    () => undefined,
  );
  if (signal === undefined) return over;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  await Promise.race([over, promise]);
  signal.removeEventListener("abort", stop);
  if (signal.aborted) throw canceled("unpacking layer", signal);
}

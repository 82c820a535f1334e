import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { EngineError, ProcessGone } from "../../core/errors.ts";
import type { FileView } from "../../core/ports/container-files.ts";
import type { ByteText } from "../../core/tar/tar-entry.ts";
import { Directory, hold, openHeld } from "./directory.ts";
import { ExtendedAttributes } from "./extended-attributes.ts";

/** As many links as the kernel follows, and some. */
const maxLinks = 255;

export interface Mount {
  /** Opened once: what is put in the place of its path later makes no difference. */
  readonly held: FileHandle;
  readonly readOnly: boolean;
}

/** A directory that has been reached, by its path in the container with no links in it. */
export interface Reached {
  readonly parts: readonly ByteText[];
  readonly directory: Directory;
  readonly readOnly: "rootfs" | "volume" | false;
}

/** What is at the end of a path. */
export interface Located {
  /** Resolved, links before its end followed. */
  readonly parts: readonly ByteText[];
  /** The directory that it is in, and its name there; absent for the root. */
  readonly parent: Reached | undefined;
  readonly name: ByteText;
  /** Undefined if there is nothing. */
  readonly stats: BigIntStats | undefined;
  readonly mount: Mount | undefined;
}

export interface LocateOptions {
  readonly followLast: boolean;
  /** Makes directories that are missing on the way. */
  readonly makeParents?: ((parent: Reached, name: ByteText) => Promise<void>) | undefined;
}

const keyOf = (parts: readonly ByteText[]): string => `/${parts.join("/")}`;
export const byteText = (text: string): ByteText => Buffer.from(text, "utf8").toString("latin1");
export const textOf = (text: ByteText): string => Buffer.from(text, "latin1").toString("utf8");
const split = (path: ByteText): readonly ByteText[] => path.split("/").filter((part) => part !== "");

/** Finds files of a view step by step: each step is a name in a directory that is open already. */
export class Locator implements AsyncDisposable {
  readonly #view: FileView;
  readonly #mounts = new Map<string, Mount>();
  readonly #open = new Set<Directory>();
  readonly #root: Directory;
  readonly #held: FileHandle[] = [];
  readonly attributes = new ExtendedAttributes();

  private constructor(view: FileView, root: Directory) {
    this.#view = view;
    this.#root = this.#keep(root);
  }

  static async open(view: FileView): Promise<Locator> {
    const locator = new Locator(view, await Directory.openHost(view.rootfs));
    try {
      // What is left where a root was mounted must not be taken for the container's files.
      if (view.processRoot !== undefined)
        await (await locator.#sameRoot(view.processRoot))[Symbol.asyncDispose]();
      await locator.#addMounts();
      return locator;
    } catch (error) {
      await locator[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Destinations may lead through links of the root file system: it is where they lead that is mounted over. */
  async #addMounts(): Promise<void> {
    const depth = (path: string): number => split(path).length;
    for (const { destination, source, readOnly } of this.#view.mounts.toSorted(
      (left, right) => depth(left.destination) - depth(right.destination),
    )) {
      const { parts } = await this.locate(split(byteText(destination)), { followLast: true });
      const held = await this.#holdMounted(parts, source);
      if (held === undefined) continue;
      this.#held.push(held);
      this.#mounts.set(keyOf(parts), { held, readOnly });
    }
  }

  /** What is laid over a place; undefined if there is nothing. */
  async #holdMounted(parts: readonly ByteText[], source: string): Promise<FileHandle | undefined> {
    const { processRoot } = this.#view;
    if (processRoot === undefined) return hold(source).catch(() => undefined);
    const root = await this.#sameRoot(processRoot);
    await using process = new Locator({ rootfs: processRoot, readOnly: true, mounts: [] }, root);
    const { parent, name, stats } = await process.locate(parts, { followLast: false });
    if (parent === undefined || stats === undefined) return undefined;
    // Awaited here: the directory is closed on the way out.
    return await parent.directory.hold(name);
  }

  /** Refuses what is another's: the process may have ended, and its number be given to another. */
  async #sameRoot(path: string): Promise<Directory> {
    const directory = await Directory.openHost(path).catch((error: unknown) => {
      throw new ProcessGone("the container has ended meanwhile", { cause: error });
    });
    const [ours, theirs] = await Promise.all([this.#root.stat(), directory.stat()]);
    if (ours.dev === theirs.dev && ours.ino === theirs.ino) return directory;
    await directory[Symbol.asyncDispose]();
    throw new EngineError("conflict", "the container has ended or left its root file system meanwhile");
  }

  get root(): Reached {
    return this.#reached([], this.#root, this.#view.readOnly ? "rootfs" : false);
  }

  mountAt(parts: readonly ByteText[]): Mount | undefined {
    return this.#mounts.get(keyOf(parts));
  }

  #reached(parts: readonly ByteText[], directory: Directory, readOnly: Reached["readOnly"]): Reached {
    return { parts, directory, readOnly };
  }

  #keep(directory: Directory): Directory {
    this.#open.add(directory);
    return directory;
  }

  /** Closes a directory that is not needed any more; the root stays open. */
  async release({ directory }: Reached): Promise<void> {
    if (directory === this.#root || !this.#open.delete(directory)) return;
    await directory[Symbol.asyncDispose]();
  }

  /** Steps into a directory, or what is mounted over it. */
  async enter(from: Reached, name: ByteText): Promise<Reached> {
    const parts = [...from.parts, name];
    const mount = this.mountAt(parts);
    if (mount === undefined) {
      return this.#reached(parts, this.#keep(await from.directory.openDirectory(name)), from.readOnly);
    }
    const directory = this.#keep(await Directory.openHost(mount.held));
    return this.#reached(parts, directory, mount.readOnly ? "volume" : false);
  }

  async statsIn(from: Reached, name: ByteText): Promise<BigIntStats | undefined> {
    const mount = this.mountAt([...from.parts, name]);
    return mount === undefined ? from.directory.lstat(name) : mount.held.stat({ bigint: true });
  }

  /** For reading; undefined if it is no regular file. */
  openFile(from: Reached, name: ByteText): Promise<FileHandle | undefined> {
    const mount = this.mountAt([...from.parts, name]);
    return mount === undefined ? from.directory.openFile(name) : openHeld(mount.held);
  }

  /** Where a path leads; whatever comes after something that is missing is taken by the word. */
  async locate(path: readonly ByteText[], options: LocateOptions): Promise<Located> {
    const pending = [...path];
    // From the root down to where we are: `..` goes back by where we came from.
    const trail: Reached[] = [this.root];
    let links = 0;
    const here = (): Reached => trail.at(-1) ?? this.root;
    const leave = async (): Promise<void> => {
      const left = trail.length > 1 ? trail.pop() : undefined;
      if (left !== undefined) await this.release(left);
    };
    for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
      if (name === "." || name === "") continue;
      if (name === "..") {
        await leave();
        continue;
      }
      const parent = here();
      const isLast = pending.every((part) => part === "" || part === ".");
      const parts = [...parent.parts, name];
      let stats = await this.statsIn(parent, name);
      if (stats?.isSymbolicLink() === true && (!isLast || options.followLast)) {
        links += 1;
        if (links > maxLinks) throw new EngineError("invalid", `${textOf(keyOf(path))}: too many links`);
        const target = await parent.directory.readlink(name);
        if (target.startsWith("/")) while (trail.length > 1) await leave();
        pending.unshift(...split(target));
        continue;
      }
      if (stats === undefined && !isLast && options.makeParents !== undefined) {
        await options.makeParents(parent, name);
        stats = await this.statsIn(parent, name);
      }
      if (isLast || stats === undefined || !stats.isDirectory()) {
        await this.#releaseAllBut(trail, parent);
        const rest = cleaned([...parts, ...pending]);
        const found = isLast ? stats : undefined;
        return { parts: rest, parent, name, stats: found, mount: this.mountAt(parts) };
      }
      trail.push(await this.enter(parent, name));
    }
    const end = here();
    await this.#releaseAllBut(trail, end);
    const name = end.parts.at(-1);
    const stats = await end.directory.stat();
    if (name === undefined) return { parts: [], parent: undefined, name: "", stats, mount: undefined };
    // A path that ends in `..`: found again from the root, without links or steps back.
    await this.release(end);
    return this.locate(end.parts, { followLast: false });
  }

  /** Steps into what was found; fails with the error of the system if it is no directory any more. */
  enterLocated({ parent, name }: Located): Promise<Reached> {
    return parent === undefined ? Promise.resolve(this.root) : this.enter(parent, name);
  }

  async #releaseAllBut(trail: readonly Reached[], kept: Reached): Promise<void> {
    for (const reached of trail) if (reached.directory !== kept.directory) await this.release(reached);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    const held = this.#held.splice(0);
    await Promise.all([
      ...open.map((directory) => directory[Symbol.asyncDispose]()),
      ...held.map((handle) => handle.close()),
      this.attributes[Symbol.asyncDispose](),
    ]);
  }
}

function cleaned(parts: readonly ByteText[]): readonly ByteText[] {
  const clean: ByteText[] = [];
  for (const part of parts) {
    if (part === "..") clean.pop();
    else if (part !== "" && part !== ".") clean.push(part);
  }
  return clean;
}

import { constants } from "node:fs";
import {
  type FileHandle,
  lchown,
  link,
  lutimes,
  mkdir,
  open,
  rmdir,
  symlink,
  unlink,
} from "node:fs/promises";
import { leadsOut } from "../../core/container/archive-path.ts";
import { EngineError, errnoOf } from "../../core/errors.ts";
import type { UnpackOptions } from "../../core/ports/container-files.ts";
import { type ByteText, cleanPath, fromByteText, type TarEntry } from "../../core/tar/tar-entry.ts";
import { runProgram } from "../../linux/run-program.ts";
import { attributesOf, type EntryAttributes } from "./entry-attributes.ts";
import { type ExtendedAttribute, recordedAttributes } from "./extended-attributes.ts";
import { type Located, type Locator, type Reached, textOf } from "./locator.ts";

const invalid = (message: string): EngineError => new EngineError("invalid", message);

interface Extended {
  readonly extended: readonly ExtendedAttribute[];
}

/** Puts the entries of an archive below a directory of a view, one after the other. */
export class Unpacker {
  readonly #locator: Locator;
  /** Where entries go, resolved. */
  readonly #target: readonly ByteText[];
  readonly #options: UnpackOptions;
  /** Times of directories, which what is put into them would change. */
  readonly #times = new Map<string, number>();
  #file: FileHandle | undefined;
  #finish: (() => Promise<void>) | undefined;

  constructor(locator: Locator, target: readonly ByteText[], options: UnpackOptions) {
    this.#locator = locator;
    this.#target = target;
    this.#options = options;
  }

  async entry(entry: TarEntry): Promise<void> {
    await this.endFile();
    const path = cleanPath(entry.path);
    if (leadsOut(entry.path)) throw invalid(`"${textOf(entry.path)}" is outside of "${this.#shown()}"`);
    const found = await this.#locate(path);
    try {
      await this.#put(entry, path, found);
    } finally {
      if (found.parent !== undefined) await this.#locator.release(found.parent);
    }
  }

  #shown(path = ""): string {
    return `/${[...this.#target.map(textOf), ...(path === "" ? [] : [textOf(path)])].join("/")}`;
  }

  #locate(path: ByteText): Promise<Located> {
    return this.#locator.locate([...this.#target, ...path.split("/")], {
      // The directory itself was resolved before, links and all.
      followLast: false,
      makeParents: async ({ directory }, name) => mkdir(directory.path(name), 0o755),
    });
  }

  async #put(entry: TarEntry, path: ByteText, found: Located): Promise<void> {
    const { parent, name, stats, mount } = found;
    const isDirectory = entry.type === "5";
    const attributes = this.#owned(attributesOf(entry));
    if (stats?.isDirectory() === true && isDirectory) {
      return this.#directory(await this.#locator.enterLocated(found), path, {
        ...attributes,
        extended: recordedAttributes(entry.pax),
      });
    }
    // An archive of one file named `.` has nowhere to go.
    if (parent === undefined) throw invalid(`cannot overwrite directory "/" with non-directory "/"`);
    if (parent.readOnly !== false) throw readOnlyError(parent.readOnly);
    if (stats !== undefined) {
      this.#checkKinds(stats.isDirectory(), isDirectory, path);
      if (mount !== undefined) {
        throw new EngineError("internal", `unlinkat ${this.#shown(path)}: device or resource busy`);
      }
      await remove(parent, name, stats.isDirectory());
    }
    await this.#make(entry, { path, parent, name, attributes });
  }

  #checkKinds(wasDirectory: boolean, isDirectory: boolean, path: ByteText): void {
    if (!this.#options.keepKinds || wasDirectory === isDirectory) return;
    const [before, after] = wasDirectory ? ["directory", "non-directory"] : ["non-directory", "directory"];
    throw invalid(`cannot overwrite ${before} "${this.#shown(path)}" with ${after} "${this.#shown()}"`);
  }

  #owned(attributes: EntryAttributes): EntryAttributes {
    return { ...attributes, ...this.#options.owner };
  }

  async #make(
    entry: TarEntry,
    at: {
      readonly path: ByteText;
      readonly parent: Reached;
      readonly name: ByteText;
      readonly attributes: EntryAttributes;
    },
  ): Promise<void> {
    const { parent, name, attributes } = at;
    const path = parent.directory.path(name);
    const extended = recordedAttributes(entry.pax);
    const finish = async (): Promise<void> => {
      await lchown(path, attributes.uid, attributes.gid);
      const file = { path: Buffer.concat([parent.directory.pathElsewhere, fromByteText(name)]) };
      await this.#locator.attributes.write(file, extended);
      await lutimes(path, attributes.mtime, attributes.mtime);
    };
    switch (entry.type) {
      case "0":
      case "7":
        return this.#beginFile(path, { ...attributes, extended });
      case "5":
        await mkdir(path, 0o700);
        return this.#directory(await this.#locator.enter(parent, name), at.path, { ...attributes, extended });
      case "2":
        // It could not lead out of the container, but the Engine refuses what leads out of the directory.
        if (leadsOut(`${at.path}/../${entry.linkPath}`)) {
          throw invalid(`invalid symlink "${this.#shown(at.path)}" -> "${textOf(entry.linkPath)}"`);
        }
        await symlink(Buffer.from(entry.linkPath, "latin1"), path);
        return finish();
      case "1":
        return this.#hardLink(entry.linkPath, path, at.path);
      case "3":
      case "4":
      case "6":
        await makeNode(parent, name, entry.type, attributes);
        return finish();
      default:
        throw invalid(`unhandled tar header type ${entry.type.charCodeAt(0)}`);
    }
  }

  async #beginFile(
    path: Buffer,
    { mode, uid, gid, mtime, extended }: EntryAttributes & Extended,
  ): Promise<void> {
    const file = await open(
      path,
      constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW,
      0o600,
    );
    this.#file = file;
    this.#finish = async () => {
      await file.chown(uid, gid);
      // After the owner, whose change takes set-user-ID away.
      await file.chmod(mode);
      // Nor would a capability outlive them.
      await this.#locator.attributes.write({ fd: file.fd }, extended);
      await file.utimes(mtime, mtime);
    };
  }

  async data(bytes: Uint8Array): Promise<void> {
    await this.#file?.writeFile(bytes);
  }

  /** Gives the file that was being written its owner, mode and time. */
  async endFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await this.#finish?.();
    } finally {
      await file.close();
    }
  }

  async #directory(
    reached: Reached,
    path: ByteText,
    { mode, uid, gid, mtime, extended }: EntryAttributes & Extended,
  ): Promise<void> {
    try {
      if (reached.readOnly !== false) throw readOnlyError(reached.readOnly);
      await reached.directory.handle.chown(uid, gid);
      await reached.directory.handle.chmod(mode);
      await this.#locator.attributes.write({ fd: reached.directory.handle.fd }, extended);
      this.#times.set(path, mtime);
    } finally {
      await this.#locator.release(reached);
    }
  }

  async #hardLink(linkPath: ByteText, path: Buffer, shown: ByteText): Promise<void> {
    const refused = invalid(`invalid hardlink "${this.#shown(shown)}" -> "${textOf(linkPath)}"`);
    if (leadsOut(linkPath)) throw refused;
    const found = await this.#locate(cleanPath(linkPath));
    if (found.parent === undefined || found.stats === undefined || found.mount !== undefined) throw refused;
    try {
      await link(found.parent.directory.path(found.name), path);
    } finally {
      await this.#locator.release(found.parent);
    }
  }

  /** Call at the end of the archive, however it ended. */
  async end(): Promise<void> {
    await this.endFile();
    for (const [path, mtime] of this.#times) {
      const found = await this.#locate(path);
      if (found.stats?.isDirectory() !== true) continue;
      const reached = await this.#locator.enterLocated(found);
      try {
        await reached.directory.handle.utimes(mtime, mtime);
      } finally {
        await this.#locator.release(reached);
        if (found.parent !== undefined) await this.#locator.release(found.parent);
      }
    }
  }
}

export const readOnlyError = (what: "rootfs" | "volume"): EngineError =>
  invalid(what === "rootfs" ? "container rootfs is marked read-only" : "mounted volume is marked read-only");

async function remove({ directory }: Reached, name: ByteText, isDirectory: boolean): Promise<void> {
  if (!isDirectory) return unlink(directory.path(name));
  try {
    return await rmdir(directory.path(name));
  } catch (error) {
    if (errnoOf(error) !== "ENOTEMPTY") throw error;
  }
  // The system's own never leaves the tree, whatever is moved in it meanwhile.
  await runIn(directory, ["rm", "-rf", "--one-file-system", "--", `./${textOf(name)}`]);
}

async function makeNode(
  { directory }: Reached,
  name: ByteText,
  type: "3" | "4" | "6",
  { mode, major, minor }: EntryAttributes,
): Promise<void> {
  const kind = type === "3" ? ["c"] : type === "4" ? ["b"] : ["p"];
  const numbers = type === "6" ? [] : [String(major), String(minor)];
  const permissions = (mode & 0o777).toString(8);
  await runIn(directory, ["mknod", "-m", permissions, "--", `./${textOf(name)}`, ...kind, ...numbers]);
}

async function runIn(directory: Reached["directory"], command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(["env", "-C", directory.workingDirectory, ...command]);
  if (exitCode !== 0) throw new EngineError("internal", stderr.trim());
}

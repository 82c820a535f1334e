import { type FSWatcher, watch } from "node:fs";
import { readlink, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { DefinitionWatch } from "../../core/ports/plugin-discovery.ts";

const maxLinks = 8;

/**
 * Watches for files to appear, change or go, with inotify: their directories, or what is there of the way to them. `paths` is
 * asked again at each change, since a link or a definition may then lead elsewhere.
 */
export async function watchPaths(
  paths: () => Promise<readonly string[]>,
  logger: Logger,
): Promise<DefinitionWatch> {
  const watch = new PathWatch(paths, logger);
  await watch.arm();
  return watch;
}

class PathWatch implements DefinitionWatch {
  readonly #paths: () => Promise<readonly string[]>;
  readonly #logger: Logger;
  /** By directory and its inode: one that was made anew is another. */
  readonly #watchers = new Map<string, FSWatcher>();
  /** What is looked at, by the same keys. */
  #wanted: ReadonlyMap<string, Watched> = new Map();
  #isClosed = false;
  #change = Promise.withResolvers<void>();
  #rearming: Promise<void> | undefined;

  constructor(paths: () => Promise<readonly string[]>, logger: Logger) {
    this.#paths = paths;
    this.#logger = logger;
  }

  async changed(): Promise<void> {
    await this.#change.promise;
    this.#change = Promise.withResolvers();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Looks again until it watches what there is: something may have been made just before its directory was watched. */
  async arm(): Promise<void> {
    let wanted = await this.#look();
    for (;;) {
      if (this.#isClosed) return;
      this.#wanted = wanted;
      this.#watchOnly(wanted);
      const now = await this.#look();
      if ([...now.keys()].every((key) => wanted.has(key))) return;
      wanted = now;
    }
  }

  async #look(): Promise<ReadonlyMap<string, Watched>> {
    const found = await Promise.all((await this.#paths()).map((path) => directoriesOf(path)));
    const wanted = new Map<string, { readonly dir: string; readonly names: Set<string> }>();
    for (const { key, dir, name } of found.flat()) {
      const known = wanted.get(key);
      if (known === undefined) wanted.set(key, { dir, names: new Set([name, basename(dir)]) });
      else known.names.add(name);
    }
    return wanted;
  }

  #watchOnly(wanted: ReadonlyMap<string, Watched>): void {
    for (const [key, watcher] of this.#watchers) {
      if (wanted.has(key)) continue;
      watcher.close();
      this.#watchers.delete(key);
    }
    for (const [key, { dir }] of wanted) if (!this.#watchers.has(key)) this.#add(key, dir);
  }

  #add(key: string, dir: string): void {
    try {
      const watcher = watch(dir, (_event, file) => {
        if (file === null || this.#wanted.get(key)?.names.has(file) === true) this.#onEvent();
      });
      watcher.on("error", () => this.#onEvent());
      this.#watchers.set(key, watcher);
    } catch (error) {
      this.#logger.warn({ dir, reason: messageOf(error) }, "directory of plugins cannot be watched");
    }
  }

  /** Told only when the new places are watched, so that nothing that follows is missed. */
  #onEvent(): void {
    if (this.#rearming !== undefined || this.#isClosed) return;
    this.#rearming = this.arm().finally(() => {
      this.#rearming = undefined;
      this.#change.resolve();
    });
  }
}

interface Watched {
  readonly dir: string;
  /** Of the entries that matter: what is there of the way, and the directory itself. */
  readonly names: ReadonlySet<string>;
}

interface Step {
  readonly key: string;
  readonly dir: string;
  /** Of the file, or of the first directory on the way to it that is missing. */
  readonly name: string;
}

/** Where events about a file come from: its directory, or the nearest that is there; the same for what it links to. */
async function directoriesOf(path: string, links = 0): Promise<readonly Step[]> {
  const dir = await nearest(path);
  const target = links < maxLinks ? await linkTarget(path) : undefined;
  return target === undefined ? [dir] : [dir, ...(await directoriesOf(target, links + 1))];
}

async function nearest(path: string): Promise<Step> {
  const dir = dirname(path);
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory() === true || dir === "/") {
    return { key: `${dir} ${String(found?.dev)}:${String(found?.ino)}`, dir, name: basename(path) };
  }
  return await nearest(dir);
}

const linkTarget = (path: string): Promise<string | undefined> =>
  readlink(path).then(
    (target) => resolve(dirname(path), target),
    () => undefined,
  );

import { type FSWatcher, watch } from "node:fs";
import { readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
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
    let wanted = await this.#wanted();
    for (;;) {
      if (this.#isClosed) return;
      this.#watchOnly(wanted);
      const now = await this.#wanted();
      if ([...now.keys()].every((key) => wanted.has(key))) return;
      wanted = now;
    }
  }

  async #wanted(): Promise<ReadonlyMap<string, string>> {
    const found = await Promise.all((await this.#paths()).map((path) => directoriesOf(path)));
    return new Map(found.flat());
  }

  #watchOnly(wanted: ReadonlyMap<string, string>): void {
    for (const [key, watcher] of this.#watchers) {
      if (wanted.has(key)) continue;
      watcher.close();
      this.#watchers.delete(key);
    }
    for (const [key, dir] of wanted) if (!this.#watchers.has(key)) this.#add(key, dir);
  }

  #add(key: string, dir: string): void {
    try {
      const watcher = watch(dir, () => this.#onEvent());
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

type Watched = readonly [key: string, dir: string];

/** Where events about a file come from: its directory, or the nearest that is there; the same for what it links to. */
async function directoriesOf(path: string, links = 0): Promise<readonly Watched[]> {
  const dir = await nearest(dirname(path));
  const target = links < maxLinks ? await linkTarget(path) : undefined;
  return target === undefined ? [dir] : [dir, ...(await directoriesOf(target, links + 1))];
}

async function nearest(dir: string): Promise<Watched> {
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory() === true || dir === "/") {
    return [`${dir} ${String(found?.dev)}:${String(found?.ino)}`, dir];
  }
  return await nearest(dirname(dir));
}

const linkTarget = (path: string): Promise<string | undefined> =>
  readlink(path).then(
    (target) => resolve(dirname(path), target),
    () => undefined,
  );

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import { errnoOf, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  DefinitionWatch,
  PluginDefinition,
  PluginDiscovery,
} from "../../core/ports/plugin-discovery.ts";
import { isManaged, type PluginPlaces, placesOf } from "./places.ts";
import { readDefinition } from "./read-definition.ts";
import { watchPaths } from "./watch-paths.ts";

export interface FileDiscoveryOptions extends PluginPlaces {
  readonly logger: Logger;
}

/** Plugins by the files that define them. https://docs.docker.com/engine/extend/plugin_api/#plugin-discovery */
export class FileDiscovery implements PluginDiscovery {
  readonly #options: FileDiscoveryOptions;

  constructor(options: FileDiscoveryOptions) {
    this.#options = options;
  }

  async find(name: string): Promise<PluginDefinition | undefined> {
    for (const place of placesOf(name, this.#options)) {
      const definition = await readDefinition(name, place);
      if (definition !== undefined) return definition;
    }
    return undefined;
  }

  async names(): Promise<readonly string[]> {
    const { socketDir, specDirs } = this.#options;
    const found = await Promise.all([
      this.#namesIn(socketDir, [".sock"]),
      ...specDirs.map((dir) => this.#namesIn(dir, [".spec", ".json"])),
    ]);
    return [...new Set(found.flat())];
  }

  async watch(name: string): Promise<DefinitionWatch> {
    const places = placesOf(name, this.#options).map(({ path }) => path);
    return await watchPaths(async () => {
      const definition = await this.find(name).catch(() => undefined);
      const socket =
        definition !== undefined && "socketPath" in definition.address ? [definition.address.socketPath] : [];
      return [...places, ...socket];
    }, this.#options.logger);
  }

  /** Files with such an ending, and directories that hold one of their own name. */
  async #namesIn(dir: string, endings: readonly string[]): Promise<readonly string[]> {
    const named = (entries: readonly Dirent[]) =>
      entries
        .filter((entry) => !entry.isDirectory())
        .map(({ name }) => parse(name))
        .filter(({ ext }) => endings.includes(ext));
    const entries = await this.#entries(dir);
    const folders = entries.filter((entry) => entry.isDirectory() && !isManaged(entry.name));
    const inFolders = await Promise.all(
      folders.map(async (folder) =>
        named(await this.#entries(join(dir, folder.name))).some(({ name }) => name === folder.name)
          ? [folder.name]
          : [],
      ),
    );
    const direct = named(entries).map(({ name }) => name);
    return [...direct.filter((name) => endings[0] !== ".sock" || !isManaged(name)), ...inFolders.flat()];
  }

  /** Of a directory that is not there, none; one that cannot be read hides the others from nobody. */
  async #entries(dir: string): Promise<readonly Dirent[]> {
    try {
      return await readdir(dir, { withFileTypes: true });
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") {
        this.#options.logger.warn({ dir, reason: messageOf(error) }, "plugins cannot be looked for");
      }
      return [];
    }
  }
}

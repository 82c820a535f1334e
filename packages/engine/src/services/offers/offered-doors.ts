import { messageOf } from "../../core/errors.ts";
import type { Layout } from "../../core/layout.ts";
import { offeredInterfaces } from "../../core/plugin/offer.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";
import type { Door, PluginDoors } from "../../core/ports/plugin-doors.ts";
import type { State } from "../../core/ports/state.ts";
import { pluginPaths } from "../endpoints/plugin-paths.ts";
import type { PluginAttendant, UpPlugin } from "../plugins/plugin-attendant.ts";
import { hostPathTranslation } from "./host-paths.ts";

export interface OfferedDoorsPorts {
  readonly state: Pick<State, "plugins">;
  readonly doors: PluginDoors;
  readonly mountFiles: Pick<MountFiles, "resolveInside">;
  readonly layout: Layout;
  readonly logger: Logger;
}

/** The doors of plugins that are offered to other engines; each is there exactly while its plugin is up and this engine is. */
export class OfferedDoors implements PluginAttendant {
  readonly #ports: OfferedDoorsPorts;
  /** By plugin ID. */
  readonly #open = new Map<string, { readonly name: string; readonly door: Door }>();
  readonly #up = new Set<string>();

  constructor(ports: OfferedDoorsPorts) {
    this.#ports = ports;
  }

  path(name: string): string {
    return `${this.#ports.layout.roots.pluginSockets}/${name}.sock`;
  }

  /** Whether a socket is one of these doors: it leads back to this engine. */
  isDoor(path: string): boolean {
    return this.#ports.state.plugins
      .list()
      .some(({ offeredAs }) => offeredAs !== undefined && this.path(offeredAs) === path);
  }

  /** Removes what a killed engine left at the doors' places. */
  async clearStale(): Promise<void> {
    const { state, doors, logger } = this.#ports;
    await Promise.all(
      state.plugins.list().map(async ({ id, offeredAs }) => {
        if (offeredAs === undefined) return;
        await doors.clearStale(this.path(offeredAs)).catch((error: unknown) => {
          logger.warn(
            { plugin: id, reason: messageOf(error) },
            "door of an earlier engine cannot be removed",
          );
        });
      }),
    );
  }

  async cameUp({ record }: UpPlugin): Promise<void> {
    this.#up.add(record.id);
    // The record may be older than the offer.
    const offeredAs = this.#ports.state.plugins.get(record.id)?.offeredAs ?? record.offeredAs;
    if (offeredAs === undefined) return;
    await this.open(record, offeredAs).catch((error: unknown) => {
      const fields = { plugin: record.id, name: record.name, reason: messageOf(error) };
      this.#ports.logger.error(fields, `plugin cannot be offered as ${offeredAs}`);
    });
  }

  async goesDown({ record }: UpPlugin): Promise<void> {
    await this.#down(record.id);
  }

  fellOver({ id }: PluginRecord): void {
    void this.#down(id);
  }

  /** Opens the door under a name, in place of one under another; for a plugin that is down only makes sure that it could be. */
  async open(record: PluginRecord, name: string): Promise<void> {
    const { doors } = this.#ports;
    const before = this.#open.get(record.id);
    if (before?.name === name) return;
    if (!this.#up.has(record.id)) return doors.requireFree(this.path(name));
    const door = await doors.open(this.#request(record, name));
    if (!this.#up.has(record.id)) return door.close();
    this.#open.set(record.id, { name, door });
    await before?.door.close();
  }

  async close(id: string): Promise<void> {
    const open = this.#open.get(id);
    this.#open.delete(id);
    await open?.door.close();
  }

  /** A door that cannot be closed is no reason to leave its plugin running. */
  async #down(id: string): Promise<void> {
    this.#up.delete(id);
    await this.close(id).catch((error: unknown) => {
      this.#ports.logger.error({ plugin: id, err: error }, "plugin's door cannot be closed");
    });
  }

  #request(record: PluginRecord, name: string) {
    const { layout, mountFiles, logger } = this.#ports;
    const { implements: names, passes } = offeredInterfaces(record.config);
    const paths = { name: record.name, ...pluginPaths(record, { layout, mountFiles }) };
    return {
      path: this.path(name),
      target: `${layout.plugin(record.id).socketDir}/${record.config.Interface.Socket}`,
      // Managed plugins are never asked what they are, and need not know.
      answers: new Map([["Plugin.Activate", { Implements: names }]]),
      passes,
      translation: (method: string) => hostPathTranslation(method, paths, logger),
    };
  }
}

import { type Privilege, parseInterfaceType } from "@davit/protocol";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { newId } from "../../core/identifiers.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Layout } from "../../core/layout.ts";
import { settingsWithNulls, withNulls } from "../../core/plugin/config-blob.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { resolvePlugin } from "../../core/plugin/resolve.ts";
import { changeSettings, initialSettings, upgradedSettings } from "../../core/plugin/settings.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Host } from "../../core/ports/host.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { State } from "../../core/ports/state.ts";
import { familiarName, parseReference, type Reference, withDefaultTag } from "../../core/reference.ts";
import type { RunningPlugins } from "../drivers/volume-drivers.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import type { PluginCreator } from "./plugin-creator.ts";
import type { FetchedPlugin, PluginFetcher, RemoteAccess, Report } from "./plugin-fetcher.ts";
import type { PluginPusher } from "./plugin-pusher.ts";
import type { Supervisor } from "./supervisor.ts";

export interface PluginServiceOptions {
  readonly state: State;
  readonly supervisor: Supervisor;
  readonly fetcher: PluginFetcher;
  readonly creator: PluginCreator;
  readonly pusher: PluginPusher;
  readonly garbage: GarbageCollector;
  readonly host: Host;
  readonly layout: Layout;
  /** One queue of operations per plugin ID, and per name that is about to be taken. */
  readonly queue: KeyedQueue;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

export interface PluginFilter {
  readonly enabled: boolean | undefined;
  /** Patterns, one of which each of a plugin's capabilities must match. */
  readonly capabilities: readonly RegExp[];
}

/** The life of managed plugins. Names are taken as typed: a name, an ID or an unambiguous prefix of one. */
export class PluginService implements RunningPlugins {
  readonly #options: PluginServiceOptions;

  constructor(options: PluginServiceOptions) {
    this.#options = options;
  }

  list(filter: PluginFilter): PluginView[] {
    return this.#records()
      .filter(({ enabled }) => filter.enabled === undefined || filter.enabled === enabled)
      .filter((record) => filter.capabilities.length === 0 || hasCapability(record, filter.capabilities))
      .map(toApi);
  }

  inspect(name: string): PluginView {
    return toApi(this.find(name));
  }

  find(name: string): PluginRecord {
    return resolvePlugin(this.#records(), name);
  }

  enabled(): readonly PluginRecord[] {
    return this.#records().filter(({ enabled }) => enabled);
  }

  connection(record: PluginRecord, signal?: AbortSignal): Promise<PluginConnection> {
    return this.#options.supervisor.connection(record, signal);
  }

  privileges(remote: string, access: RemoteAccess): Promise<Privilege[]> {
    return this.#options.fetcher.privileges(remoteReference(remote), access);
  }

  /** The name that a pull gives: `name` if there is one, else the remote's; digests do not name anything here. */
  nameForPull(remote: string, name: string): string {
    if (name === "") {
      const { domain, path, tag = "latest" } = remoteReference(remote);
      return familiarName({ domain, path, tag });
    }
    const reference = withDefaultTag(parseReference(name));
    if (reference.digest !== undefined) throw new EngineError("invalid", "cannot use digest in plugin tag");
    return familiarName(reference);
  }

  /** Installs a plugin from a registry, disabled. */
  async pull(
    request: { readonly remote: string; readonly name: string; readonly granted: readonly Privilege[] },
    access: RemoteAccess,
    report: Report,
  ): Promise<void> {
    const reference = remoteReference(request.remote);
    const name = this.nameForPull(request.remote, request.name);
    await this.#adding(name, "invalid", async () => {
      const fetched = await this.#options.fetcher.fetch(reference, access, {
        granted: request.granted,
        report,
      });
      const record = newRecord(name, fetched);
      this.#options.state.plugins.put(record);
      this.#publish("pull", familiarName(reference), name);
    });
  }

  /** Makes a plugin of an author's directory, sent as a tar. */
  async create(typedName: string, context: ByteStream, signal: AbortSignal): Promise<void> {
    const name = localNameForCreate(typedName);
    await this.#adding(name, "conflict", async () => {
      const created = await this.#options.creator.create(context, signal);
      const record = newRecord(name, { ...created, reference: name });
      this.#options.state.plugins.put(record);
      this.#publish("create", record.id, name);
    });
  }

  /** Installs what `fetch` brings, disabled; it is called once the name is known to be free. */
  async install(typedName: string, fetch: () => Promise<FetchedPlugin>): Promise<PluginRecord> {
    const name = localNameForCreate(typedName);
    return await this.#adding(name, "conflict", async () => {
      const record = newRecord(name, await fetch());
      this.#options.state.plugins.put(record);
      this.#publish("load", record.id, name);
      return record;
    });
  }

  async enable(typed: string, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    await this.#exclusively(typed, async (found) => {
      if (found.enabled) {
        throw new EngineError("conflict", `plugin already enabled: plugin ${found.name} is enabled`);
      }
      const record: PluginRecord = { ...found, enabled: true, timeoutSeconds };
      await this.#options.supervisor.start(record, signal);
      this.#options.state.plugins.put(record);
      this.#publish("enable", record.id, typed);
    });
  }

  async disable(typed: string, options: { readonly force: boolean }): Promise<void> {
    await this.#exclusively(typed, async (record) => {
      if (!options.force) this.#requireUnused(record);
      if (!record.enabled) {
        throw new EngineError(
          "conflict",
          `plugin is already disabled: plugin ${record.name} found but disabled`,
        );
      }
      await this.#stop(record);
      this.#publish("disable", record.id, typed);
    });
  }

  /** Changes settings, all or none. */
  async set(typed: string, assignments: readonly string[]): Promise<void> {
    await this.#exclusively(typed, (record) => {
      if (record.enabled) {
        throw new EngineError("conflict", "cannot set on an active plugin, disable plugin before setting");
      }
      const settings = changeSettings(record.config, record.settings, assignments);
      this.#options.state.plugins.put({ ...record, settings });
      return Promise.resolve();
    });
  }

  /** Replaces a disabled plugin by another version; ID, name, settings and data stay. All or nothing. */
  async upgrade(
    typed: string,
    request: { readonly remote: string; readonly granted: readonly Privilege[] },
    access: RemoteAccess,
    report: Report,
  ): Promise<void> {
    const reference = remoteReference(request.remote);
    await this.#exclusively(typed, async (record) => {
      if (record.enabled) {
        throw new EngineError(
          "conflict",
          `plugin must be disabled before upgrading: plugin ${record.name} is enabled`,
        );
      }
      await this.#leased(async () => {
        const fetched = await this.#options.fetcher.fetch(reference, access, {
          granted: request.granted,
          report,
        });
        const settings = upgradedSettings(record, fetched.config);
        const rootfsKey = rootfsKeyFor(record.id);
        this.#options.state.plugins.put({ ...record, ...fetched, settings, rootfsKey });
        this.#publish("pull", familiarName(reference), record.name);
      });
      await this.#options.garbage.collect();
    });
  }

  async push(typed: string, access: RemoteAccess, report: Report): Promise<void> {
    const record = this.find(typed);
    await this.#options.garbage.withLease(() => this.#options.pusher.push(record, access, report));
  }

  async remove(typed: string, options: { readonly force: boolean }): Promise<void> {
    const { state, host, layout, garbage, logger } = this.#options;
    await this.#exclusively(typed, async (record) => {
      if (!options.force) {
        this.#requireUnused(record);
        if (record.enabled) throw new EngineError("conflict", `plugin ${record.name} is enabled`);
      }
      if (record.enabled) await this.#stop(record);
      state.plugins.remove(record.id);
      this.#publish("remove", record.id, typed);
      await host.removeTree(layout.plugin(record.id).dir).catch((error: unknown) => {
        logger.error(
          { plugin: record.id, err: error },
          "directory of a removed plugin stays until the next start",
        );
      });
      await garbage.collect();
    });
  }

  /** Brings every plugin into line with its record, all at once; resolves when each has been tried. */
  async restore(): Promise<void> {
    const { queue, state, supervisor, logger } = this.#options;
    await Promise.all(
      this.#records().map(({ id }) =>
        queue.run(id, async () => {
          const record = state.plugins.get(id);
          if (record === undefined) return;
          await supervisor.reconcile(record).catch((error: unknown) => {
            logger.error({ plugin: id, reason: messageOf(error) }, "plugin could not be brought into line");
          });
        }),
      ),
    );
  }

  /** Stops every plugin and lets none restart; what is wanted of each stays as it is. */
  async stopAll(): Promise<void> {
    const { queue, supervisor, logger } = this.#options;
    supervisor.close();
    await Promise.all(
      this.enabled().map((record) =>
        queue.run(record.id, () =>
          supervisor.stop(record).catch((error: unknown) => {
            logger.error({ plugin: record.id, err: error }, "plugin could not be stopped");
          }),
        ),
      ),
    );
  }

  #records(): readonly PluginRecord[] {
    return this.#options.state.plugins.list();
  }

  /** Runs work in the plugin's queue, with its record as it is when its turn comes. */
  async #exclusively(typed: string, work: (record: PluginRecord) => Promise<void>): Promise<void> {
    const { id } = this.find(typed);
    await this.#options.queue.run(id, () => {
      const record = this.#options.state.plugins.get(id);
      if (record === undefined) throw new EngineError("not-found", `plugin "${typed}" not found`);
      return work(record);
    });
  }

  /** Runs work that takes a name; what a failure leaves behind is collected. */
  #adding<Result>(
    name: string,
    kindIfTaken: "invalid" | "conflict",
    work: () => Promise<Result>,
  ): Promise<Result> {
    const requireFree = (): void => {
      if (this.#records().some((record) => record.name === name)) {
        throw new EngineError(kindIfTaken, `plugin ${name} already exists`);
      }
    };
    requireFree();
    return this.#options.queue.run(`name ${name}`, () => {
      requireFree();
      return this.#leased(work);
    });
  }

  async #leased<Result>(work: () => Promise<Result>): Promise<Result> {
    const { garbage } = this.#options;
    try {
      return await garbage.withLease(work);
    } catch (error) {
      await garbage.collect();
      throw error;
    }
  }

  /** The wish is stored before the process is stopped: a crash in between is reconciled at the next start. */
  async #stop(record: PluginRecord): Promise<void> {
    this.#options.state.plugins.put({ ...record, enabled: false });
    await this.#options.supervisor.stop(record);
  }

  #requireUnused({ name }: PluginRecord): void {
    if (this.#options.state.volumes.list().some(({ driver }) => driver === name)) {
      throw new EngineError("conflict", `plugin ${name} is in use`);
    }
  }

  #publish(action: string, id: string, name: string): void {
    this.#options.events.publish({ type: "plugin", action, id, attributes: { name } });
  }
}

const remoteReference = (remote: string): Reference => withDefaultTag(parseReference(remote));

function localNameForCreate(typed: string): string {
  let reference: Reference;
  try {
    reference = withDefaultTag(parseReference(typed));
  } catch (error) {
    throw new EngineError("invalid", `failed to parse reference ${typed}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (reference.digest !== undefined)
    throw new EngineError("invalid", "canonical references are not permitted");
  return familiarName(reference);
}

const rootfsKeyFor = (id: string): string => `${id.slice(0, 16)}-${newId().slice(0, 8)}`;

function newRecord(
  name: string,
  parts: Pick<PluginRecord, "reference" | "config" | "manifestDigest" | "configDigest" | "layers">,
): PluginRecord {
  const id = newId();
  return {
    id,
    name,
    ...parts,
    enabled: false,
    timeoutSeconds: 0,
    settings: initialSettings(parts.config),
    rootfsKey: rootfsKeyFor(id),
  };
}

/** A plugin of several types counts only if every one matches; one without types always does. */
const hasCapability = ({ config }: PluginRecord, patterns: readonly RegExp[]): boolean =>
  config.Interface.Types.map(parseInterfaceType).every(({ capability }) =>
    patterns.some((pattern) => pattern.test(capability)),
  );

/** What clients are shown of a plugin. */
export type PluginView = ReturnType<typeof toApi>;

const toApi = (record: PluginRecord) => ({
  Config: withNulls(record.config),
  Enabled: record.enabled,
  Id: record.id,
  Name: record.name,
  PluginReference: record.reference,
  Settings: settingsWithNulls(record.settings),
});

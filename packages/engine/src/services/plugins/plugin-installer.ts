import type { Privilege } from "@davit/protocol";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { newId } from "../../core/identifiers.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { initialSettings, upgradedSettings } from "../../core/plugin/settings.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { State } from "../../core/ports/state.ts";
import { familiarName, parseReference, type Reference, withDefaultTag } from "../../core/reference.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import type { PluginCatalog } from "./plugin-catalog.ts";
import type { PluginCreator } from "./plugin-creator.ts";
import type { FetchedPlugin, PluginFetcher, RemoteAccess, Report } from "./plugin-fetcher.ts";
import type { PluginPusher } from "./plugin-pusher.ts";

export interface PluginInstallerOptions {
  readonly state: Pick<State, "plugins">;
  readonly catalog: PluginCatalog;
  readonly fetcher: PluginFetcher;
  readonly creator: PluginCreator;
  readonly pusher: PluginPusher;
  readonly garbage: GarbageCollector;
  /** One queue of operations per name that is about to be taken. */
  readonly queue: KeyedQueue;
  readonly events: EventPublisher;
}

/** How plugins come, are replaced, and are published. What a failure leaves behind is collected. */
export class PluginInstaller {
  readonly #options: PluginInstallerOptions;

  constructor(options: PluginInstallerOptions) {
    this.#options = options;
  }

  privileges(remote: string, access: RemoteAccess): Promise<Privilege[]> {
    return this.#options.garbage.withLease(() =>
      this.#options.fetcher.privileges(remoteReference(remote), access),
    );
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

  /** Replaces a disabled plugin by another version; ID, name, settings and data stay. All or nothing. */
  async upgrade(
    typed: string,
    request: { readonly remote: string; readonly granted: readonly Privilege[] },
    access: RemoteAccess,
    report: Report,
  ): Promise<void> {
    const reference = remoteReference(request.remote);
    await this.#options.catalog.exclusively(typed, async (record) => {
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
    const record = this.#options.catalog.find(typed);
    await this.#options.garbage.withLease(() => this.#options.pusher.push(record, access, report));
  }

  /** Runs work that takes a name; what a failure leaves behind is collected. */
  #adding<Result>(
    name: string,
    kindIfTaken: "invalid" | "conflict",
    work: () => Promise<Result>,
  ): Promise<Result> {
    const requireFree = (): void => {
      if (this.#options.catalog.all().some((record) => record.name === name)) {
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

export const rootfsKeyFor = (id: string): string => `${id.slice(0, 16)}-${newId().slice(0, 8)}`;

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

import type { DriverVolume, Volume } from "@davit/protocol";
import { EngineError, isCanceled, messageOf, wrapError } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { newId } from "../../core/identifiers.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { VolumeDriver } from "../../core/ports/volume-driver.ts";
import type { VolumeRecord } from "../../core/volume/record.ts";
import { type DriverCatalog, isDriverAbsent } from "../drivers/volume-drivers.ts";
import type { VolumeRequest } from "./container-volumes.ts";
import { DriverSurvey, type VolumeSurvey } from "./driver-survey.ts";
import type { VolumeUnmounts } from "./volume-unmounts.ts";
import { unrecorded, volumeView } from "./volume-view.ts";

export interface VolumeServiceOptions {
  readonly state: State;
  readonly drivers: DriverCatalog;
  readonly unmounts: Pick<VolumeUnmounts, "settleGone">;
  /** One queue of operations per volume name. */
  readonly queue: KeyedQueue;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

export const anonymousLabel = "com.docker.volume.anonymous";

/** The life of volumes: what the engine records, and what it asks of drivers. */
export class VolumeService {
  readonly #state: State;
  readonly #drivers: DriverCatalog;
  readonly #unmounts: VolumeServiceOptions["unmounts"];
  readonly #queue: KeyedQueue;
  readonly #events: EventPublisher;
  readonly #logger: Logger;
  readonly #survey: DriverSurvey;

  constructor(options: VolumeServiceOptions) {
    this.#state = options.state;
    this.#drivers = options.drivers;
    this.#unmounts = options.unmounts;
    this.#queue = options.queue;
    this.#events = options.events;
    this.#logger = options.logger;
    this.#survey = new DriverSurvey(options);
  }

  /** Creates a volume, or answers the one that is there; conflict if another driver has the name. */
  async create(request: VolumeRequest, signal?: AbortSignal): Promise<Volume> {
    const named = withName(request);
    await this.awaitDriver(named, signal);
    return this.#queue.run(named.name, async () => {
      const record = await this.ensure(named, signal);
      const driver = await this.#drivers.get(record.driver, signal);
      const known = record.driver === "local" ? await driver.get(record.name) : undefined;
      return volumeView(record, known, (await driver.capabilities({ signal })).scope);
    });
  }

  /** Waits for the driver that a volume is to have, or has, outside of the volume's queue: nobody else is to wait with it. */
  async awaitDriver(request: VolumeRequest, signal?: AbortSignal): Promise<void> {
    const known = this.#state.volumes.get(request.name)?.driver;
    const isOther =
      known !== undefined && request.driver !== "" && !this.#drivers.isSame(request.driver, known);
    if (isOther) return;
    await this.#drivers.waitFor(known ?? request.driver, signal).catch((error: unknown) => {
      throw wrapError(`create ${request.name}`, error);
    });
  }

  /** As `create`, for callers that hold the volume's queue already and have waited for the driver. */
  async ensure(request: VolumeRequest, signal?: AbortSignal): Promise<VolumeRecord> {
    const known = await this.#known(request, signal);
    if (known !== undefined) return known;
    const context = `create ${request.name}`;
    const driver = await this.#drivers.get(request.driver, signal).catch((error: unknown) => {
      throw wrapError(context, error);
    });
    const record: VolumeRecord = {
      name: request.name,
      driver: driver.name,
      options: request.options,
      labels: request.labels,
      createdAt: now(),
      pending: "create",
    };
    this.#state.note(() => this.#state.volumes.put(record));
    const call = { signal };
    try {
      // The first question to a driver that has just been met, as at the Engine.
      await driver.capabilities(call);
      const existing = await driver.get(request.name, call);
      if (existing === undefined || driver.name === "local")
        await driver.create(request.name, request.options, call);
    } catch (error) {
      // A call that was cut off may have been carried out: then the record stays, to be settled by asking the driver.
      if (isCanceled(error)) this.#settleNext(request.name);
      else this.#state.volumes.remove(request.name);
      throw wrapError(context, error);
    }
    const created: VolumeRecord = { ...record, pending: undefined };
    this.#state.volumes.put(created);
    this.#publish("create", created);
    return created;
  }

  /** One volume, asked of its driver; not-found if neither a record nor any driver knows it. */
  async inspect(name: string, signal?: AbortSignal): Promise<Volume> {
    const call = { signal, atOnce: true };
    const record = this.#state.volumes.get(name);
    if (record === undefined) {
      const found = await this.#survey.probe(name, signal);
      if (found === undefined) throw noSuchVolume("get", name);
      const { scope } = await found.driver.capabilities(call);
      return withStatus(volumeView(unrecorded(name, found.driver.name), found.volume, scope), found.volume);
    }
    const driver = await this.#drivers.get(record.driver, signal).catch((error: unknown) => {
      throw wrapError(
        `get ${name}: error while checking if volume "${name}" exists in driver "${record.driver}"`,
        error,
      );
    });
    const volume = await driver.get(name, call);
    if (volume === undefined) throw noSuchVolume("get", name);
    return withStatus(volumeView(record, volume, (await driver.capabilities(call)).scope), volume);
  }

  /** All volumes of all drivers, and warnings about drivers that could not be asked. */
  list(signal?: AbortSignal): Promise<VolumeSurvey> {
    return this.#survey.list(signal);
  }

  /** Removes a volume that no container uses; `force` also forgets one whose driver is not there, or cannot remove it any more. */
  async remove(
    name: string,
    options: { readonly force: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    await this.#queue.run(name, () => this.removeUnused(name, options));
  }

  /** As `remove`, for callers that hold the volume's queue already. */
  async removeUnused(
    name: string,
    { force, signal }: { readonly force: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const call = { signal };
    const record = this.#state.volumes.get(name) ?? (await this.#adoptable(name, signal));
    if (record === undefined) {
      if (force) return;
      throw noSuchVolume("get", name);
    }
    await this.#unmounts.settleGone(name, { force });
    const users = this.#state.volumeUses.ofVolume(name).map(({ containerId }) => containerId);
    if (users.length > 0) {
      throw new EngineError(
        "conflict",
        `remove ${name}: volume is in use - [${[...new Set(users)].join(", ")}]`,
      );
    }
    let driver: VolumeDriver;
    try {
      driver = await this.#drivers.get(record.driver, signal);
    } catch (error) {
      const isForgotten = force && !isCanceled(error);
      if (isForgotten) this.#forget(record, error);
      if (!(isForgotten && isDriverAbsent(error))) throw wrapError(`remove ${name}`, error);
      this.#publish("destroy", record);
      return;
    }
    this.#state.note(() => this.#state.volumes.put({ ...record, pending: "remove" }));
    try {
      if ((await driver.get(name, call)) === undefined) {
        this.#state.volumes.remove(name);
        if (force) return;
        throw noSuchVolume("get", name);
      }
      await driver.remove(name, call);
    } catch (error) {
      if (this.#state.volumes.get(name) === undefined) throw error;
      if (force) this.#forget(record, error);
      else if (isCanceled(error)) this.#settleNext(name);
      else this.#state.volumes.put(record);
      throw wrapError(`remove ${name}`, error);
    }
    this.#state.volumes.remove(name);
    this.#publish("destroy", record);
  }

  #forget({ name, driver }: VolumeRecord, reason: unknown): void {
    this.#state.volumes.remove(name);
    this.#logger.warn(
      { volume: name, driver, reason: messageOf(reason) },
      "volume is forgotten, and was not removed by its driver: what data that has of it stays there",
    );
  }

  /** Removes what no container uses: anonymous ones, or with `all` every `local` one without options. */
  async prune(options: {
    readonly all: boolean;
    readonly matches: (volume: VolumeRecord) => boolean;
    readonly signal?: AbortSignal | undefined;
  }): Promise<string[]> {
    const removed: string[] = [];
    for (const volume of this.#state.volumes.list()) {
      const eligible =
        volume.driver === "local" &&
        volume.pending === undefined &&
        Object.keys(volume.options).length === 0 &&
        (options.all || volume.labels[anonymousLabel] !== undefined) &&
        this.#state.volumeUses.ofVolume(volume.name).length === 0 &&
        options.matches(volume);
      if (!eligible) continue;
      try {
        await this.remove(volume.name, { force: false, signal: options.signal });
        removed.push(volume.name);
      } catch (error) {
        this.#logger.warn({ volume: volume.name, err: error }, "volume was not pruned");
      }
    }
    this.#events.publish({ type: "volume", action: "prune", id: "", attributes: { reclaimed: "0" } });
    return removed;
  }

  /** Whether any container, running or not, uses the volume. */
  isUsed(name: string): boolean {
    return this.#state.volumeUses.ofVolume(name).length > 0;
  }

  /** Settles what an earlier engine asked of drivers and did not see answered. */
  async restore(): Promise<void> {
    const unsettled = this.#state.volumes.list().filter(({ pending }) => pending !== undefined);
    await Promise.all(
      unsettled.map((record) => this.#queue.run(record.name, async () => void (await this.#settle(record)))),
    );
  }

  /** The volume's record, if the engine has one and the driver confirms it. */
  async #known(request: VolumeRequest, signal: AbortSignal | undefined): Promise<VolumeRecord | undefined> {
    const found = this.#state.volumes.get(request.name);
    const record = found?.pending === undefined ? found : await this.#settle(found, signal);
    if (record === undefined) return request.driver === "" ? this.#adopt(request, signal) : undefined;
    if (request.driver !== "" && !this.#drivers.isSame(request.driver, record.driver)) {
      throw new EngineError(
        "conflict",
        `create ${record.name}: driver '${record.driver}' already has volume '${record.name}': volume name must be unique`,
      );
    }
    const driver = await this.#drivers.get(record.driver, signal).catch((error: unknown) => {
      throw wrapError(`create ${record.name}`, error);
    });
    if ((await driver.get(record.name, { signal })) !== undefined) return record;
    if (this.#state.volumeUses.ofVolume(record.name).length > 0) {
      throw new EngineError(
        "conflict",
        `create ${record.name}: found references to volume '${record.name}' in driver '${record.driver}' but the volume was not found in the driver -- you may need to remove containers referencing this volume or force remove the volume to re-create it: volume name must be unique`,
      );
    }
    this.#state.volumes.remove(record.name);
    return undefined;
  }

  /** A volume that some driver has and the engine has not recorded: recorded now. */
  async #adopt(request: VolumeRequest, signal: AbortSignal | undefined): Promise<VolumeRecord | undefined> {
    const found = await this.#adoptable(request.name, signal);
    if (found === undefined) return undefined;
    const record: VolumeRecord = { ...found, labels: request.labels, options: request.options };
    this.#state.volumes.put(record);
    return record;
  }

  async #adoptable(name: string, signal: AbortSignal | undefined): Promise<VolumeRecord | undefined> {
    const found = await this.#survey.probe(name, signal);
    return found === undefined ? undefined : unrecorded(name, found.driver.name);
  }

  /** What became of an unanswered create or remove: as the driver says; if it cannot be asked, the question stays open. */
  async #settle(record: VolumeRecord, signal?: AbortSignal): Promise<VolumeRecord | undefined> {
    let exists: boolean;
    try {
      const driver = await this.#drivers.get(record.driver, signal);
      exists = (await driver.get(record.name, { signal })) !== undefined;
    } catch (error) {
      this.#logger.warn(
        { volume: record.name, err: error },
        "volume could not be settled with its driver yet",
      );
      return record;
    }
    const settled: VolumeRecord = { ...record, pending: undefined };
    if (exists) this.#state.volumes.put(settled);
    else this.#state.volumes.remove(record.name);
    this.#logger.info(
      { volume: record.name, pending: record.pending, exists },
      "volume settled with its driver",
    );
    return exists ? settled : undefined;
  }

  /** Settles a volume whose client is gone, after what holds its queue now; nobody waits for it. */
  #settleNext(name: string): void {
    const settle = async (): Promise<void> => {
      const record = this.#state.volumes.get(name);
      if (record?.pending !== undefined) await this.#settle(record);
    };
    this.#queue.run(name, settle).catch((error: unknown) => {
      this.#logger.warn({ volume: name, err: error }, "volume could not be settled");
    });
  }

  #publish(action: string, { name, driver }: VolumeRecord): void {
    this.#events.publish({ type: "volume", action, id: name, attributes: { driver } });
  }
}

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

const noSuchVolume = (action: string, name: string): EngineError =>
  new EngineError("not-found", `${action} ${name}: no such volume`);

/** A name for a request that has none; such volumes are marked anonymous. */
export function withName(request: VolumeRequest): VolumeRequest {
  if (request.name !== "") return request;
  return { ...request, name: newId(), labels: { ...request.labels, [anonymousLabel]: "" } };
}

const withStatus = (volume: Volume, { Status }: DriverVolume): Volume =>
  Status === undefined ? volume : { ...volume, Status };

import type { Volume } from "@davit/protocol";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { DriverCatalog } from "../drivers/volume-drivers.ts";
import { unrecorded, volumeView } from "./volume-view.ts";

export interface VolumeSurvey {
  /** By name. */
  readonly volumes: Volume[];
  readonly warnings: string[];
}

export interface DriverSurveyOptions {
  readonly state: Pick<State, "volumes">;
  readonly drivers: DriverCatalog;
  readonly logger: Logger;
}

/** A list or a probe asks every driver at once and waits this long for the slowest. */
const listMs = 5_000;
const probeMs = 5_000;

/** Questions that go to every driver at once. */
export class DriverSurvey {
  readonly #state: Pick<State, "volumes">;
  readonly #drivers: DriverCatalog;
  readonly #logger: Logger;

  constructor({ state, drivers, logger }: DriverSurveyOptions) {
    this.#state = state;
    this.#drivers = drivers;
    this.#logger = logger;
  }

  /** All volumes of all drivers; a driver that fails or is late costs a warning, and its recorded volumes are listed all the same. */
  async list(signal?: AbortSignal): Promise<VolumeSurvey> {
    const records = this.#state.volumes.list().filter(({ pending }) => pending !== "create");
    const names = new Set([...(await this.#drivers.names(signal)), ...records.map(({ driver }) => driver)]);
    const answers = await Promise.all([...names].map((name) => this.#listDriver(name, signal)));
    const listed = new Map(answers.flatMap(({ volumes }) => volumes).map((volume) => [volume.Name, volume]));
    const failed = new Set(answers.filter(({ warning }) => warning !== undefined).map(({ name }) => name));
    const scopes = new Map(answers.map(({ name, scope }) => [name, scope]));
    for (const record of records) {
      const answered = listed.get(record.name);
      if (answered === undefined && !failed.has(record.driver)) continue;
      listed.set(record.name, {
        ...volumeView(record, undefined, scopes.get(record.driver) ?? "local"),
        Mountpoint: answered?.Mountpoint ?? "",
        ...(answered?.CreatedAt === undefined ? {} : { CreatedAt: answered.CreatedAt }),
      });
    }
    const warnings = answers.flatMap(({ warning }) => (warning === undefined ? [] : [warning]));
    return { volumes: [...listed.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1)), warnings };
  }

  /** The first driver that has a volume of that name, and what it says of it. */
  async probe(name: string, signal: AbortSignal | undefined) {
    const names = await this.#drivers.names(signal);
    const answers = await Promise.all(
      names.map(async (driverName) => {
        try {
          const limit = bounded(probeMs, signal);
          const driver = await this.#drivers.get(driverName, limit);
          const volume = await driver.get(name, { signal: limit, atOnce: true });
          return volume === undefined ? undefined : { driver, volume };
        } catch (error) {
          this.#logger.warn(
            { driver: driverName, volume: name, err: error },
            "driver could not be asked for a volume",
          );
          return undefined;
        }
      }),
    );
    signal?.throwIfAborted();
    return answers.find((answer) => answer !== undefined);
  }

  async #listDriver(name: string, signal: AbortSignal | undefined) {
    const limit = bounded(listMs, signal);
    try {
      const driver = await this.#drivers.get(name, limit);
      const { scope } = await driver.capabilities({ signal: limit, atOnce: true });
      const found = await driver.list({ signal: limit, atOnce: true });
      const volumes = found.map((volume) => volumeView(unrecorded(volume.Name, name), volume, scope));
      return { name, scope, volumes, warning: undefined };
    } catch (error) {
      signal?.throwIfAborted();
      const reason = limit.aborted ? `no answer within ${listMs / 1000} s` : messageOf(error);
      return { name, scope: "local" as const, volumes: [], warning: `list ${name}: ${reason}` };
    }
  }
}

const bounded = (ms: number, signal: AbortSignal | undefined): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(ms), ...(signal === undefined ? [] : [signal])]);

import type { ContainerCreateBody, ContainerInspect, ContainerSummary } from "@davit/protocol";
import { type ContainerQuery, selectContainers } from "../../core/container/filters.ts";
import { allNames, linksView } from "../../core/container/links.ts";
import { checkedName, inventName, resolveContainer } from "../../core/container/name.ts";
import { planContainer } from "../../core/container/plan.ts";
import type { PlannedMount } from "../../core/container/planned-mount.ts";
import type { ContainerMount, ContainerRecord } from "../../core/container/record.ts";
import { type ContainerSurroundings, inspectView, summaryView } from "../../core/container/views.ts";
import { EngineError, messageOf } from "../../core/errors.ts";
import { newId, shortId } from "../../core/identifiers.ts";
import { type Platform, parsePlatform, platformName } from "../../core/image/platform.ts";
import type { ExecSessions } from "../exec/exec-sessions.ts";
import { platformOf } from "../images/image-platform.ts";
import { type ContainerPorts, never, publishContainerEvent } from "./container-ports.ts";
import { readControlGroups } from "./control-groups.ts";
import type { HealthMonitor } from "./health-monitor.ts";
import { VolumeFiller } from "./volume-filler.ts";

/** The containers that there are: making, listing, showing. */
export class Containers {
  readonly #ports: ContainerPorts;
  readonly #health: HealthMonitor;
  readonly #exec: ExecSessions;

  constructor(ports: ContainerPorts, health: HealthMonitor, exec: ExecSessions) {
    this.#ports = ports;
    this.#exec = exec;
    this.#health = health;
  }

  /** By full ID, name or prefix of the ID; not-found in the Engine's words. */
  resolve(typed: string): ContainerRecord {
    return resolveContainer(typed, this.#ports.state.containers.list());
  }

  /**
   * All or nothing: volumes that were found or made for it are released if it cannot be made. The signal ends the wait for drivers of
   * volumes that are not there yet.
   */
  create(
    body: ContainerCreateBody,
    { name, platform = "" }: { readonly name: string; readonly platform?: string },
    signal?: AbortSignal,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }> {
    const own = { os: "linux", architecture: this.#ports.architecture };
    const wanted = platform === "" ? undefined : parsePlatform(platform, own);
    return this.#ports.garbage.withLease(async () => {
      const warning = await this.#checkPlatform(body.Image, wanted, own);
      const { id, warnings } = await this.#create(body, name, signal);
      return { id, warnings: [...warning, ...warnings] };
    });
  }

  /** Not-found if the image is for another platform than was asked for, so that clients pull the right one. */
  async #checkPlatform(
    typed: string,
    wanted: Platform | undefined,
    own: Platform,
  ): Promise<readonly string[]> {
    const { images } = this.#ports;
    const found = typed === "" ? undefined : images.find(typed);
    if (found === undefined) return [];
    const mismatch = await images.platformMismatch(typed, found.image, wanted ?? own);
    if (mismatch === undefined) return [];
    if (wanted !== undefined) throw new EngineError("not-found", mismatch);
    const actual = platformName(platformOf(await images.config(found.image.id)));
    return [
      `The requested image's platform (${actual}) does not match the detected host platform (${platformName(own)}) and no specific platform was requested`,
    ];
  }

  async #create(body: ContainerCreateBody, typedName: string, signal: AbortSignal | undefined) {
    const { state, images, host, layout, volumes, networks, events } = this.#ports;
    if (typedName !== "") checkedName(typedName, state.containers.list());
    if (body.Image === "") throw new EngineError("invalid", "no image was given");
    const { image } = images.resolve(body.Image);
    const id = newId();
    const hostOfEngine = ((await host.readSmallFile("/proc/sys/kernel/hostname")) ?? "localhost").trim();
    const plan = planContainer(body, await images.config(image.id), {
      id,
      hostOfEngine,
      groups: await readControlGroups(host),
      logDefaults: this.#ports.logDrivers.defaults,
      find: (typed) => this.#other(typed),
    });
    await this.#ports.logDrivers.check(plan.hostConfig.LogConfig.Type);
    await this.#checkSources(plan.mounts);
    const { dir } = layout.container(id);
    try {
      // Clients follow the log before there is one.
      await host.ensureDir(dir, 0o710);
      const mounts = await this.#acquireVolumes(id, plan.mounts, signal);
      await new VolumeFiller(this.#ports).fillAll({ id, layers: image.layers, mounts });
      const record = state.transaction(() => {
        const others = state.containers.list();
        const made: ContainerRecord = {
          id,
          name:
            typedName === ""
              ? inventName((candidate) => others.some((other) => other.name === candidate))
              : checkedName(typedName, others),
          createdAt: new Date().toISOString(),
          imageId: image.id,
          layers: image.layers,
          config: plan.config,
          hostConfig: plan.hostConfig,
          networkMode: plan.networkMode,
          networks: networks.identify(plan.networks),
          ...(plan.links.length === 0 ? {} : { links: plan.links }),
          security: plan.security,
          shmSizeBytes: plan.shmSizeBytes,
          autoRemove: plan.autoRemove,
          mounts,
          status: "created",
          restartCount: 0,
          manuallyStopped: false,
          pid: 0,
          exitCode: 0,
          error: "",
          oomKilled: false,
          startedAt: never,
          finishedAt: never,
        };
        state.containers.put(made);
        return made;
      });
      publishContainerEvent(events, record, "create");
    } catch (error) {
      await volumes.release(id, { removeAnonymous: true });
      await host.removeTree(dir);
      throw error;
    }
    return { id, warnings: plan.warnings };
  }

  /** One that a new container refers to. Not of kind not-found: clients take that for a missing image, and pull it. */
  #other(typed: string): ContainerRecord {
    try {
      return this.resolve(typed);
    } catch (error) {
      throw new EngineError("invalid", messageOf(error), { cause: error });
    }
  }

  async #checkSources(mounts: readonly PlannedMount[]): Promise<void> {
    for (const { mount, missingSource } of mounts) {
      if (missingSource !== "refuse" || mount.source === undefined) continue;
      if (await this.#ports.host.pathExists(mount.source)) continue;
      throw new EngineError(
        "invalid",
        `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
      );
    }
  }

  async #acquireVolumes(
    id: string,
    planned: readonly PlannedMount[],
    signal: AbortSignal | undefined,
  ): Promise<readonly ContainerMount[]> {
    const mounts: ContainerMount[] = [];
    for (const { mount, volume } of planned) {
      if (volume === undefined) {
        mounts.push(mount);
        continue;
      }
      const use = { containerId: id, destination: mount.destination };
      const { name, driver } = await this.#ports.volumes.acquire(volume, use, signal).catch(notOfImages);
      mounts.push({ ...mount, volume: name, driver });
    }
    return mounts;
  }

  async list(
    query: ContainerQuery,
    options: { readonly size: boolean },
  ): Promise<readonly ContainerSummary[]> {
    const { state, images, networks } = this.#ports;
    const selected = selectContainers(
      state.containers.list(),
      query,
      (typed) => {
        const found = images.find(typed);
        return found === undefined ? [] : [found.image.id];
      },
      (id) => this.#health.health(id)?.status ?? "none",
    );
    const now = new Date();
    return Promise.all(
      selected.map(async (record) => {
        // Drivers other than our own are not asked: one that hangs must not delay the list.
        const mountpoints = await this.#mountpoints(record, (mount) => mount.driver === "local");
        const sizes = options.size ? await this.#sizes(record) : undefined;
        return summaryView(
          record,
          {
            mountpoints,
            sizes,
            health: this.#health.health(record.id),
            names: allNames(record, state.containers.list()),
            networks: networks.describe(record),
          },
          this.#imageName(record),
          now,
        );
      }),
    );
  }

  async inspect(typed: string, options: { readonly size: boolean }): Promise<ContainerInspect> {
    const record = this.resolve(typed);
    const { networks } = this.#ports;
    const paths = this.#ports.layout.container(record.id);
    return inspectView(record, {
      paths: { ...paths, log: logPath(record.hostConfig.LogConfig.Type, paths) },
      mountpoints: await this.#mountpoints(record, () => true),
      storageDriver: "overlay2",
      networks: networks.describe(record),
      sandboxKey: networks.sandboxKey(record),
      links: linksView(record, this.#ports.state.containers.list()),
      execIds: this.#exec.ofContainer(record.id),
      health: this.#health.health(record.id),
      sizes: options.size ? await this.#sizes(record) : undefined,
    });
  }

  /** The name it was made from, unless that means another image by now. */
  #imageName({ config, imageId }: ContainerRecord): string {
    const found = this.#ports.images.find(config.image);
    return found?.image.id === imageId ? config.image : shortId(imageId.slice("sha256:".length));
  }

  async #mountpoints(
    record: ContainerRecord,
    isWanted: (mount: ContainerMount) => boolean,
  ): Promise<ContainerSurroundings["mountpoints"]> {
    const entries = record.mounts
      .filter((mount) => mount.volume !== undefined && isWanted(mount))
      .map(async ({ volume = "", destination }): Promise<[string, string]> => {
        try {
          return [destination, await this.#ports.volumes.mountpoint(volume)];
        } catch (error) {
          this.#ports.logger.debug({ err: error, volume }, "a volume's driver did not say where it is");
          return [destination, ""];
        }
      });
    return new Map(await Promise.all(entries));
  }

  async #sizes(record: ContainerRecord) {
    const { snapshots, state } = this.#ports;
    return {
      writtenBytes: await snapshots.usage(record.id),
      imageBytes: state.images.get(record.imageId)?.sizeBytes ?? 0,
    };
  }
}

/** Of the driver that writes files for others to read; where it does not, there is none to tell. */
const logPath = (driver: string, { jsonLog }: { readonly jsonLog: string }): string =>
  driver === "json-file" ? jsonLog : "";

/** A driver of volumes that is not there must not be of kind not-found: clients take that for a missing image, and pull it. */
function notOfImages(error: unknown): never {
  if (error instanceof EngineError && error.kind === "not-found") {
    throw new EngineError("invalid", error.message, { cause: error });
  }
  throw error;
}

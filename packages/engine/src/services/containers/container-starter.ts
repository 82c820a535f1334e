import { boundingSet } from "../../core/container/bounding-set.ts";
import { capabilities } from "../../core/container/capabilities.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { parseSecurityOptions } from "../../core/container/security-options.ts";
import { groupId, resolveUser } from "../../core/container/user.ts";
import { EngineError, wrapError } from "../../core/errors.ts";
import { newId } from "../../core/identifiers.ts";
import {
  type ContainerSecurity,
  containerSpec,
  defaultSecurity,
  privilegedSecurity,
} from "../../core/runtime-spec/container-spec.ts";
import { allCapabilities } from "../../core/runtime-spec/defaults.ts";
import type { RuntimeSpec } from "../../core/runtime-spec/spec.ts";
import type { ContainerLinks } from "./container-links.ts";
import { type ContainerPorts, namespace } from "./container-ports.ts";
import { startDevices } from "./start-devices.ts";
import { startMounts } from "./start-mounts.ts";
import { startNamespaces } from "./start-namespaces.ts";
import { type JoinedNetwork, StartNetwork } from "./start-network.ts";
import { UndoStack } from "./undo-stack.ts";

/** What the record learns from a start. */
export type StartedFacts = Pick<ContainerRecord, "pid" | "address" | "ports" | "networks" | "sandboxId">;

/** Where a static init program is, best first; Debian's package tini has the second and makes no link. */
const initPrograms = ["/usr/bin/docker-init", "/usr/bin/tini-static", "/usr/libexec/docker/docker-init"];

/** Takes a container from its record to a running process, or leaves nothing behind. */
export class ContainerStarter {
  readonly #ports: ContainerPorts;
  readonly #network: StartNetwork;
  readonly #links: ContainerLinks;

  constructor(ports: ContainerPorts, links: ContainerLinks) {
    this.#ports = ports;
    this.#links = links;
    this.#network = new StartNetwork(ports);
  }

  /** `commit` puts what it answers on record; what the start has chosen counts as taken until then. */
  async start(
    record: ContainerRecord,
    commit: (facts: StartedFacts) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const undo = new UndoStack(this.#ports.logger.child({ container: record.id }));
    try {
      commit(await this.#start(record, undo, signal));
      await this.#links.started(record.id);
    } catch (error) {
      await undo.undoAll();
      throw error;
    }
  }

  async #start(record: ContainerRecord, undo: UndoStack, signal?: AbortSignal): Promise<StartedFacts> {
    const { snapshots, volumes, runtime, host, networks, layout, containerLogs } = this.#ports;
    const { id } = record;
    const paths = layout.container(id);
    undo.push("unmount root file system", () => snapshots.unmount(paths.rootfs));
    await snapshots.mount({ key: id, layers: record.layers, target: paths.rootfs });
    await host.prepareRootfs(paths.rootfs);
    undo.push("unmount volumes", () => volumes.unmountAll(id));
    undo.push("unmount parts of volumes and shared memory", () => host.unmountBelow(paths.mounts));
    undo.push("leave network", () => this.#network.leave(record));
    const joined = await this.#network.join(record, signal);
    undo.push("tell that it has left", async () => this.#network.tell(record, joined, "disconnect"));
    this.#network.tell(record, joined, "connect");
    const mounts = await startMounts(this.#ports, record, signal);
    const linked = this.#links.atStart(record);
    await this.#network.writeFiles(withExtraHosts(record, linked.hosts), networks.addresses(id));
    // One that it is linked to may have started anew in the meantime.
    await this.#links.refresh(id);
    const spec = await this.#spec(record, mounts, { ...joined, environment: linked.environment });
    undo.push("end log", async () => containerLogs.endRun(id));
    await this.#beginLog(record, signal);
    undo.push("delete process", () => runtime.delete(namespace, id));
    const { pid } = await runtime.create(
      {
        namespace,
        id,
        bundle: paths.bundle,
        spec,
        logPath: paths.log,
        ...(record.config.openStdin
          ? { stdin: true, keepStdinOpen: record.config.tty || !record.config.stdinOnce }
          : {}),
      },
      signal,
    );
    await runtime.start(namespace, id);
    return { pid, sandboxId: newId(), ...joined.facts };
  }

  async #beginLog(record: ContainerRecord, signal?: AbortSignal): Promise<void> {
    try {
      await this.#ports.containerLogs.beginRun(record, signal);
    } catch (error) {
      throw wrapError("failed to initialize logging driver", error);
    }
  }

  async #spec(
    record: ContainerRecord,
    mounts: RuntimeSpec["mounts"],
    { network, files, environment }: JoinedNetwork & { readonly environment: readonly string[] },
  ): Promise<RuntimeSpec> {
    const { host, layout, architecture } = this.#ports;
    const kernelVersion = (await host.readSmallFile("/proc/sys/kernel/osrelease")) ?? "";
    const init = record.hostConfig.Init === true ? await this.#init() : undefined;
    return containerSpec(record, {
      rootfs: layout.container(record.id).rootfs,
      user: await this.#user(record),
      mounts,
      files,
      network,
      environment,
      ...(await startNamespaces(this.#ports, record)),
      ...(await startDevices(host, record)),
      security: await this.#security(record),
      shmSizeBytes: record.shmSizeBytes,
      extraMaskedPaths: await host.thermalThrottlePaths(),
      machine: { architecture, kernelVersion: kernelVersion.trim() },
      ...(init === undefined ? {} : { init }),
    });
  }

  async #init(): Promise<string> {
    for (const path of initPrograms) if (await this.#ports.host.pathExists(path)) return path;
    throw new EngineError(
      "unavailable",
      `run an init process: ${initPrograms.join(" and ")} are not there (Debian: tini)`,
    );
  }

  async #security({ security, hostConfig }: ContainerRecord): Promise<ContainerSecurity> {
    const own = boundingSet((await this.#ports.host.readSmallFile("/proc/self/status")) ?? "");
    const possible = own === undefined ? allCapabilities : allCapabilities.filter((name) => own.has(name));
    return {
      ...(security.privileged ? privilegedSecurity : defaultSecurity),
      capabilities: capabilities(security, possible),
      readonlyRootfs: security.readOnlyRootfs,
      seccomp: parseSecurityOptions(hostConfig).seccomp,
      noNewPrivileges: security.noNewPrivileges,
    };
  }

  async #user({ id, config, hostConfig }: ContainerRecord) {
    const { files, layout } = this.#ports;
    const view = { rootfs: layout.container(id).rootfs, readOnly: true, mounts: [] };
    const [passwd = "", group = ""] = await Promise.all(
      ["/etc/passwd", "/etc/group"].map((path) => files.readText(view, path)),
    );
    const user = resolveUser(config.user, passwd, group);
    const added = hostConfig.GroupAdd.map((name) => groupId(name, group));
    return { ...user, additionalGids: [...new Set([...user.additionalGids, ...added])] };
  }
}

const withExtraHosts = (record: ContainerRecord, hosts: readonly string[]): ContainerRecord => ({
  ...record,
  hostConfig: { ...record.hostConfig, ExtraHosts: [...record.hostConfig.ExtraHosts, ...hosts] },
});

import { boundingSet } from "../../core/container/bounding-set.ts";
import { capabilities } from "../../core/container/capabilities.ts";
import { hostsFile, resolvConf } from "../../core/container/network-files.ts";
import { publishedPorts } from "../../core/container/published-ports.ts";
import type { ContainerAddress, ContainerMount, ContainerRecord } from "../../core/container/record.ts";
import { resolveUser } from "../../core/container/user.ts";
import { EngineError, wrapError } from "../../core/errors.ts";
import type { NetworkAttachment } from "../../core/ports/network.ts";
import {
  type ContainerHost,
  type ContainerSecurity,
  containerSpec,
  defaultSecurity,
  privilegedSecurity,
} from "../../core/runtime-spec/container-spec.ts";
import { allCapabilities } from "../../core/runtime-spec/defaults.ts";
import type { SpecMount } from "../../core/runtime-spec/spec.ts";
import { type ContainerPorts, namespace } from "./container-ports.ts";
import { UndoStack } from "./undo-stack.ts";

/** What the record learns from a start. */
export type StartedFacts = Pick<ContainerRecord, "pid" | "address">;

/** Takes a container from its record to a running process, or leaves nothing behind. */
export class ContainerStarter {
  readonly #ports: ContainerPorts;

  constructor(ports: ContainerPorts) {
    this.#ports = ports;
  }

  async start(record: ContainerRecord, signal?: AbortSignal): Promise<StartedFacts> {
    const undo = new UndoStack(this.#ports.logger.child({ container: record.id }));
    try {
      return await this.#start(record, undo, signal);
    } catch (error) {
      await undo.undoAll();
      throw error;
    }
  }

  async #start(record: ContainerRecord, undo: UndoStack, signal?: AbortSignal): Promise<StartedFacts> {
    const { snapshots, volumes, runtime, host, layout } = this.#ports;
    const { id } = record;
    const paths = layout.container(id);
    undo.push("unmount root file system", () => snapshots.unmount(paths.rootfs));
    await snapshots.mount({ key: id, layers: record.layers, target: paths.rootfs });
    await host.prepareRootfs(paths.rootfs);
    undo.push("unmount volumes", () => volumes.unmountAll(id));
    const mounts = await this.#mounts(record);
    undo.push("leave network", () => this.#leaveNetwork(record));
    const { network, address } = await this.#joinNetwork(record, signal);
    await this.#writeFiles(record, address);
    const spec = containerSpec(record, {
      rootfs: paths.rootfs,
      user: await this.#user(record),
      mounts,
      files: paths,
      network,
      security: await this.#security(record),
      shmSizeBytes: record.shmSizeBytes,
      extraMaskedPaths: await host.thermalThrottlePaths(),
    });
    undo.push("delete process", () => runtime.delete(namespace, id));
    const { pid } = await runtime.create(
      {
        namespace,
        id,
        bundle: paths.bundle,
        spec,
        logPath: paths.log,
        ...(record.config.openStdin ? { stdin: true } : {}),
      },
      signal,
    );
    await runtime.start(namespace, id);
    return { pid, ...(address === undefined ? {} : { address }) };
  }

  #mounts(record: ContainerRecord): Promise<readonly SpecMount[]> {
    return inOrder(record.mounts, async (mount) => {
      if (mount.type === "tmpfs") return tmpfsMount(mount);
      if (mount.type === "volume") return bindMount(mount, await this.#volumePath(record, mount));
      const source = mount.source ?? "";
      await this.#bindSource(record, source);
      return bindMount(mount, source);
    });
  }

  /** `-v` makes what is missing, `--mount` has refused it at create and refuses it now. */
  async #bindSource({ hostConfig }: ContainerRecord, source: string): Promise<void> {
    const { host } = this.#ports;
    if (await host.pathExists(source)) return;
    const isStrict = hostConfig.Mounts.some(
      ({ Type, Source, BindOptions }) =>
        Type === "bind" && Source === source && BindOptions?.CreateMountpoint !== true,
    );
    if (isStrict) {
      throw new EngineError(
        "invalid",
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      );
    }
    await host.ensureDir(source, 0o755);
  }

  async #volumePath(record: ContainerRecord, { volume, destination }: ContainerMount): Promise<string> {
    try {
      return await this.#ports.volumes.mount(record.id, destination);
    } catch (error) {
      throw wrapError(`error while mounting volume '${volume ?? ""}'`, error);
    }
  }

  async #joinNetwork(
    record: ContainerRecord,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly network: ContainerHost["network"]; readonly address?: ContainerAddress }> {
    if (record.networkMode !== "bridge") return { network: record.networkMode };
    const { network } = this.#ports;
    const available = await network.available();
    if (available !== true) {
      throw new EngineError(
        "unavailable",
        `join network bridge: ${available} (use --network none or --network host)`,
      );
    }
    const path = await network.createNamespace(record.id);
    const attachment = await network.attach(
      { id: record.id, namespace: path, ports: publishedPorts(record.hostConfig) },
      signal,
    );
    return { network: { namespace: path }, address: addressOf(attachment) };
  }

  async #leaveNetwork({ id, networkMode }: ContainerRecord): Promise<void> {
    if (networkMode === "bridge") await this.#ports.network.removeNamespace(id);
  }

  async #writeFiles(record: ContainerRecord, address: ContainerAddress | undefined): Promise<void> {
    const { host, layout } = this.#ports;
    const paths = layout.container(record.id);
    const [hosts, resolvers] = await Promise.all(
      ["/etc/hosts", "/etc/resolv.conf"].map((path) => host.readSmallFile(path)),
    );
    await Promise.all([
      host.writeFile(paths.hosts, hostsFile(record, address, hosts ?? "")),
      host.writeFile(paths.resolvConf, resolvConf(record, resolvers ?? "")),
      host.writeFile(paths.hostname, `${record.config.hostname}\n`),
    ]);
  }

  async #security({ security, hostConfig }: ContainerRecord): Promise<ContainerSecurity> {
    const own = boundingSet((await this.#ports.host.readSmallFile("/proc/self/status")) ?? "");
    const possible = own === undefined ? allCapabilities : allCapabilities.filter((name) => own.has(name));
    const base = security.privileged ? privilegedSecurity : defaultSecurity;
    return {
      ...base,
      capabilities: capabilities(security, possible),
      readonlyRootfs: security.readOnlyRootfs,
      seccomp: base.seccomp && !hostConfig.SecurityOpt.includes("seccomp=unconfined"),
      noNewPrivileges: security.noNewPrivileges,
    };
  }

  async #user({ id, config }: ContainerRecord) {
    const { host, layout } = this.#ports;
    const { rootfs } = layout.container(id);
    const [passwd, group] = await Promise.all(
      ["passwd", "group"].map((name) => host.readSmallFile(`${rootfs}/etc/${name}`)),
    );
    return resolveUser(config.user, passwd ?? "", group ?? "");
  }
}

/** Runs work for each item, one after the other. */
async function inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

const bindMount = (mount: ContainerMount, source: string): SpecMount => ({
  destination: mount.destination,
  type: "bind",
  source,
  options: [
    "rbind",
    ...(mount.readOnly ? ["ro"] : []),
    mount.propagation === "" ? "rprivate" : mount.propagation,
  ],
});

const tmpfsMount = ({ destination, options = [] }: ContainerMount): SpecMount => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options: ["noexec", "nosuid", "nodev", ...options],
});

function addressOf({ addresses, gateway, macAddress }: NetworkAttachment): ContainerAddress {
  const [address = "", prefixLength = "0"] = (addresses[0] ?? "").split("/");
  return { address, prefixLength: Number(prefixLength), gateway: gateway ?? "", macAddress };
}

import { TarArchives } from "../adapters/archives/tar-archives.ts";
import { compression } from "../adapters/compression/gzip.ts";
import { LinuxContainerFiles } from "../adapters/container-files/linux-container-files.ts";
import { DiskContentStore } from "../adapters/content/disk-content-store.ts";
import { FileDiscovery } from "../adapters/discovery/file-discovery.ts";
import { measureTree } from "../adapters/disk-usage/measure-tree.ts";
import { RegistryClient } from "../adapters/distribution/registry-client.ts";
import { HttpDoors } from "../adapters/doors/http-doors.ts";
import { DiskFormerPlugins } from "../adapters/former-plugins/disk-former-plugins.ts";
import { LinuxHost } from "../adapters/host/linux-host.ts";
import { SystemdJournal } from "../adapters/journal/systemd-journal.ts";
import { ConmonOutputFile } from "../adapters/logs/conmon-output-file.ts";
import { FifoLogPipes } from "../adapters/logs/fifo-log-pipes.ts";
import { JsonFileLogs } from "../adapters/logs/json-file-log.ts";
import { K8sFileLogs } from "../adapters/logs/k8s-file-logs.ts";
import { LinuxMountFiles } from "../adapters/mount-files/linux-mount-files.ts";
import { FreePorts } from "../adapters/network/free-ports.ts";
import { LinuxSandboxes } from "../adapters/network/linux-sandboxes.ts";
import { SocatNameServers } from "../adapters/network/socat-name-servers.ts";
import { ConmonInput } from "../adapters/process-input/conmon-input.ts";
import { ConmonRuntime } from "../adapters/runtime/conmon-runtime.ts";
import { RuncControl } from "../adapters/runtime/runc-control.ts";
import { OverlaySnapshots } from "../adapters/snapshots/overlay-snapshots.ts";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { Layout } from "../core/layout.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { findCommand } from "./find-command.ts";
import { proxiesOf } from "./proxies.ts";
import { lockRoots } from "./root-lock.ts";
import { SwitchableRegistry } from "./switchable-registry.ts";
import { version } from "./version.ts";

/** The engine's hold on the world: every port that does not need another service, on real parts. */
export type Adapters = Awaited<ReturnType<typeof createAdapters>>;

/** Takes the roots for this engine alone, and constructs what stands on them. */
export async function createAdapters(configuration: Configuration, logger: Logger) {
  const { dataRoot, execRoot, pluginSocketDir } = configuration;
  const layout = new Layout({ data: dataRoot, exec: execRoot, pluginSockets: pluginSocketDir });
  const locks = lockRoots([dataRoot, execRoot]);
  const host = new LinuxHost();
  await makeDirectories(host, layout);
  const runcPath = findCommand(configuration.runc, process.env);
  const conmonPath = findCommand(configuration.conmon, process.env);
  const stateRoot = `${execRoot}/runtime-runc`;
  return {
    layout,
    locks,
    host,
    logger,
    compression,
    measureTree,
    state: new SqliteState(layout.database),
    content: new DiskContentStore(layout.content),
    snapshots: await OverlaySnapshots.open(layout.snapshots, { logger }),
    registry: new SwitchableRegistry(registryClient(configuration, logger)),
    formerPlugins: new DiskFormerPlugins(layout.plugins),
    archives: new TarArchives({ tempDir: `${dataRoot}/tmp` }),
    runtime: new ConmonRuntime({
      runcPath,
      conmonPath,
      stateRoot,
      exitDir: `${execRoot}/exits`,
      persistDir: `${execRoot}/processes`,
      logger,
    }),
    control: new RuncControl({ runcPath, conmonPath, stateRoot }),
    logs: new K8sFileLogs(),
    output: new ConmonOutputFile(),
    jsonLogs: new JsonFileLogs(logger),
    journal: new SystemdJournal({ socketPath: "/run/systemd/journal/socket", logger }),
    pipes: new FifoLogPipes(),
    input: new ConmonInput({ socatPath: findCommand("socat", process.env) }),
    files: new LinuxContainerFiles(),
    mountFiles: new LinuxMountFiles(),
    doors: new HttpDoors({ logger }),
    discovery: new FileDiscovery({
      socketDir: pluginSocketDir,
      specDirs: configuration.pluginSpecDirs,
      logger,
    }),
    hostPorts: new FreePorts(),
    nameServers: new SocatNameServers({ dir: `${execRoot}/network/dns`, logger }),
    sandboxes: new LinuxSandboxes({ dir: `${execRoot}/network/namespaces` }),
  };
}

/** Made anew when settings of registries change. */
export const registryClient = (configuration: Configuration, logger: Logger): RegistryClient =>
  new RegistryClient({
    insecureRegistries: configuration.insecureRegistries,
    registryMirrors: configuration.registryMirrors,
    certsDir: configuration.certsDir,
    proxies: proxiesOf(configuration, process.env),
    userAgent: `docker/${version} davit/${version}`,
    logger,
  });

async function makeDirectories(host: LinuxHost, layout: Layout): Promise<void> {
  const { data, exec, pluginSockets } = layout.roots;
  for (const dir of [data, exec, pluginSockets]) await host.ensureDir(dir, 0o711);
  for (const dir of [layout.plugins, layout.containers]) await host.ensureDir(dir, 0o700);
  await host.ensureDir(layout.volumes, 0o701);
}

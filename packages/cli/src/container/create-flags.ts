import { integer, list, listOf, parsed, text, toggle } from "../command-line/flag.ts";
import { contentTrustHelp } from "../options/format-flags.ts";
import { checkLabel } from "../options/key-value.ts";
import { parseNetworkOption } from "../options/network-option.ts";
import { parseExpose, parsePublish } from "../options/port-option.ts";
import {
  parseBytes,
  parseCpus,
  parseDevice,
  parseMemorySwap,
  parseThrottle,
  parseUlimit,
  parseWeight,
} from "../options/quantities.ts";
import { healthFlags } from "./healthcheck.ts";

const bytes = (help: string, short?: string) =>
  parsed(help, parseBytes, { type: "bytes", ...(short === undefined ? {} : { short }) });

const refuseGpus = (): never => {
  throw new Error("there are no GPU drivers here: give the device with --device instead");
};

const throttle = (help: string) => listOf(help, parseThrottle);

/** What can be said about a container when it is created. */
export const createFlags = {
  addHost: list("Add a custom host-to-IP mapping (host:ip)"),
  annotation: listOf("Add an annotation to the container (passed through to the OCI runtime)", checkLabel, {
    type: "map",
  }),
  blkioWeight: integer("Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
  blkioWeightDevice: listOf("Block IO weight (relative device weight)", parseWeight),
  capAdd: list("Add Linux capabilities"),
  capDrop: list("Drop Linux capabilities"),
  cgroupParent: text("Optional parent cgroup for the container"),
  cgroupns: text("Cgroup namespace to use (host|private)"),
  cidfile: text("Write the container ID to the file"),
  cpuPeriod: integer("Limit CPU CFS (Completely Fair Scheduler) period"),
  cpuQuota: integer("Limit CPU CFS (Completely Fair Scheduler) quota"),
  cpuShares: integer("CPU shares (relative weight)", { short: "c" }),
  cpus: parsed("Number of CPUs", parseCpus, { type: "decimal" }),
  cpusetCpus: text("CPUs in which to allow execution (0-3, 0,1)"),
  cpusetMems: text("MEMs in which to allow execution (0-3, 0,1)"),
  cpuRtPeriod: integer("Limit CPU real-time period in microseconds"),
  cpuRtRuntime: integer("Limit CPU real-time runtime in microseconds"),
  device: listOf("Add a host device to the container", parseDevice),
  deviceCgroupRule: list("Add a rule to the cgroup allowed devices list"),
  deviceReadBps: throttle("Limit read rate (bytes per second) from a device"),
  deviceReadIops: throttle("Limit read rate (IO per second) from a device"),
  deviceWriteBps: throttle("Limit write rate (bytes per second) to a device"),
  deviceWriteIops: throttle("Limit write rate (IO per second) to a device"),
  disableContentTrust: toggle(contentTrustHelp, { initial: true }),
  dns: list("Set custom DNS servers"),
  dnsOpt: list("Set DNS options", { hidden: true }),
  dnsOption: list("Set DNS options"),
  dnsSearch: list("Set custom DNS search domains"),
  domainname: text("Container NIS domain name"),
  entrypoint: parsed("Overwrite the default ENTRYPOINT of the image", (value) => value),
  env: list("Set environment variables", { short: "e" }),
  envFile: list("Read in a file of environment variables"),
  expose: listOf("Expose a port or a range of ports", parseExpose),
  gpus: parsed("GPU devices to add to the container (refused: there are no GPU drivers)", refuseGpus, {
    type: "gpu-request",
    hidden: true,
  }),
  groupAdd: list("Add additional groups to join"),
  ...healthFlags,
  hostname: text("Container host name", { short: "h" }),
  init: toggle("Run an init inside the container that forwards signals and reaps processes"),
  interactive: toggle("Keep STDIN open even if not attached", { short: "i" }),
  ip: text("IPv4 address (e.g., 172.30.100.104)"),
  ip6: text("IPv6 address (e.g., 2001:db8::33)"),
  ipc: text("IPC mode to use"),
  label: listOf("Set meta data on a container", checkLabel, { short: "l" }),
  labelFile: list("Read in a line delimited file of labels"),
  link: list("Add link to another container"),
  linkLocalIp: list("Container IPv4/IPv6 link-local addresses"),
  logDriver: text("Logging driver for the container"),
  logOpt: list("Log driver options"),
  macAddress: text("Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
  memory: bytes("Memory limit", "m"),
  memoryReservation: bytes("Memory soft limit"),
  memorySwap: parsed("Swap limit equal to memory plus swap: '-1' to enable unlimited swap", parseMemorySwap, {
    type: "bytes",
  }),
  memorySwappiness: integer("Tune container memory swappiness (0 to 100) (default -1)"),
  mount: list("Attach a filesystem mount to the container", { type: "mount" }),
  name: text("Assign a name to the container"),
  network: listOf("Connect a container to a network", parseNetworkOption, { type: "network" }),
  net: listOf("Connect a container to a network", parseNetworkOption, { hidden: true }),
  networkAlias: list("Add network-scoped alias for the container"),
  netAlias: list("Add network-scoped alias for the container", { hidden: true }),
  oomKillDisable: toggle("Disable OOM Killer"),
  oomScoreAdj: integer("Tune host's OOM preferences (-1000 to 1000)"),
  pid: text("PID namespace to use"),
  pidsLimit: integer("Tune container pids limit (set -1 for unlimited)"),
  platform: text("Set platform if server is multi-platform capable"),
  privileged: toggle("Give extended privileges to this container"),
  publish: listOf("Publish a container's port(s) to the host", parsePublish, { short: "p" }),
  publishAll: toggle("Publish all exposed ports to random ports", { short: "P" }),
  readOnly: toggle("Mount the container's root filesystem as read only"),
  restart: text('Restart policy to apply when a container exits (default "no")', { initial: "no" }),
  runtime: text("Runtime to use for this container"),
  securityOpt: list("Security Options"),
  shmSize: bytes("Size of /dev/shm"),
  stopSignal: text("Signal to stop the container"),
  stopTimeout: integer("Timeout (in seconds) to stop a container"),
  storageOpt: list("Storage driver options for the container"),
  sysctl: list("Sysctl options", { type: "map" }),
  tmpfs: list("Mount a tmpfs directory"),
  tty: toggle("Allocate a pseudo-TTY", { short: "t" }),
  ulimit: listOf("Ulimit options", parseUlimit, { type: "ulimit" }),
  user: text("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
  userns: text("User namespace to use"),
  uts: text("UTS namespace to use"),
  volume: list("Bind mount a volume", { short: "v" }),
  volumeDriver: text("Optional volume driver for the container"),
  volumesFrom: list("Mount volumes from the specified container(s)"),
  workdir: text("Working directory inside the container", { short: "w" }),
} as const;

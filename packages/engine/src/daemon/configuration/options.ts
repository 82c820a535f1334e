import type { AddressPoolsSetting } from "../../core/network/address-pools.ts";

/** One setting: its key in `daemon.json` is also its flag, unless that has another name or letter. */
export interface Option<Kind extends OptionKind = OptionKind> {
  readonly key: string;
  readonly flag: string;
  readonly short?: string;
  readonly kind: Kind;
  readonly fallback: ValueOf<Kind>;
  readonly doc: string;
  /** The heading that it stands under, in the help and on the reference page. */
  readonly group: OptionGroup;
  /** Whether a running daemon takes a new value over on SIGHUP. */
  readonly reloads?: boolean;
}

export const optionGroups = [
  "API",
  "Places",
  "Life",
  "Registries",
  "Default network",
  "Logs and metrics",
] as const;
export type OptionGroup = (typeof optionGroups)[number];

export type OptionKind = "text" | "flag" | "number" | "list" | "map" | "pools";
export type ValueOf<Kind extends OptionKind> = {
  text: string;
  flag: boolean;
  number: number;
  list: readonly string[];
  map: Readonly<Record<string, string>>;
  pools: readonly AddressPoolsSetting[];
}[Kind];

const option = <Kind extends OptionKind>(value: Option<Kind>): Option<Kind> => value;

/** Every setting of the daemon. The reference page and the flags are made of this table. */
export const options = {
  hosts: option({
    key: "hosts",
    flag: "host",
    short: "H",
    kind: "list",
    fallback: ["unix:///run/davit/davit.sock"],
    doc: "where the API listens: unix://PATH, tcp://HOST:PORT or fd:// (systemd); may be repeated",
    group: "API",
  }),
  dataRoot: option({
    key: "data-root",
    flag: "data-root",
    kind: "text",
    fallback: "/var/lib/davit",
    doc: "directory of everything that survives a reboot; its file system must be able to hold an overlay's upper directory",
    group: "Places",
  }),
  execRoot: option({
    key: "exec-root",
    flag: "exec-root",
    kind: "text",
    fallback: "/run/davit",
    doc: "directory of what does not survive a reboot",
    group: "Places",
  }),
  pluginSocketDir: option({
    key: "plugin-socket-dir",
    flag: "plugin-socket-dir",
    kind: "text",
    fallback: "/run/docker/plugins",
    doc: "directory in which the sockets of plugins appear: one directory per managed plugin, and others' NAME.sock",
    group: "Places",
  }),
  pluginSpecDirs: option({
    key: "plugin-spec-dirs",
    flag: "plugin-spec-dir",
    kind: "list",
    fallback: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
    doc: "where NAME.spec and NAME.json of plugins that are not managed are looked for; may be repeated",
    group: "Places",
  }),
  pluginStartTimeout: option({
    key: "plugin-start-timeout",
    flag: "plugin-start-timeout",
    kind: "number",
    fallback: 15,
    doc: "seconds that a plugin may take until its socket accepts connections",
    group: "Life",
    reloads: true,
  }),
  pluginRetryTimeout: option({
    key: "plugin-retry-timeout",
    flag: "plugin-retry-timeout",
    kind: "number",
    fallback: 30,
    doc: "seconds that a plugin which is not managed is waited for where it is needed and not there; 0 for not at all",
    group: "Life",
    reloads: true,
  }),
  configFile: option({
    key: "config-file",
    flag: "config-file",
    kind: "text",
    fallback: "/etc/davit/daemon.json",
    doc: "the settings' file; may be missing at its default place",
    group: "Places",
  }),
  pidFile: option({
    key: "pidfile",
    flag: "pidfile",
    short: "p",
    kind: "text",
    fallback: "",
    doc: "file to write the process ID to; none by default",
    group: "Places",
  }),
  group: option({
    key: "group",
    flag: "group",
    short: "G",
    kind: "text",
    fallback: "",
    doc: "group that may use the UNIX socket; root's by default",
    group: "API",
  }),
  insecureRegistries: option({
    key: "insecure-registries",
    flag: "insecure-registry",
    kind: "list",
    fallback: [],
    doc: "registry HOST[:PORT] or network in CIDR notation that may be spoken to without verified TLS; may be repeated",
    group: "Registries",
    reloads: true,
  }),
  registryMirrors: option({
    key: "registry-mirrors",
    flag: "registry-mirror",
    kind: "list",
    fallback: [],
    doc: "mirror of Docker Hub, tried first on pulls; may be repeated",
    group: "Registries",
    reloads: true,
  }),
  httpProxy: option({
    key: "http-proxy",
    flag: "http-proxy",
    kind: "text",
    fallback: "",
    doc: "proxy to registries without TLS; `HTTP_PROXY`'s unless given; in the file it stands in `proxies`",
    group: "Registries",
  }),
  httpsProxy: option({
    key: "https-proxy",
    flag: "https-proxy",
    kind: "text",
    fallback: "",
    doc: "proxy to registries with TLS; `HTTPS_PROXY`'s unless given; in the file it stands in `proxies`",
    group: "Registries",
  }),
  noProxy: option({
    key: "no-proxy",
    flag: "no-proxy",
    kind: "text",
    fallback: "",
    doc: "hosts, domains, addresses and networks, with commas between, that are spoken to without a proxy; `NO_PROXY`'s unless given; in the file it stands in `proxies`",
    group: "Registries",
  }),
  certsDir: option({
    key: "certs-dir",
    flag: "certs-dir",
    kind: "text",
    fallback: "/etc/docker/certs.d",
    doc: "directory of registries' certificates, one directory per HOST[:PORT]",
    group: "Registries",
  }),
  debug: option({
    key: "debug",
    flag: "debug",
    short: "D",
    kind: "flag",
    fallback: false,
    doc: "as --log-level debug",
    group: "Logs and metrics",
    reloads: true,
  }),
  logLevel: option({
    key: "log-level",
    flag: "log-level",
    short: "l",
    kind: "text",
    fallback: "info",
    doc: "debug, info, warn, error or fatal",
    group: "Logs and metrics",
    reloads: true,
  }),
  logFormat: option({
    key: "log-format",
    flag: "log-format",
    kind: "text",
    fallback: "text",
    doc: "text (logfmt) or json",
    group: "Logs and metrics",
  }),
  logDriver: option({
    key: "log-driver",
    flag: "log-driver",
    kind: "text",
    fallback: "json-file",
    doc: "where containers' output goes unless they ask for another driver: json-file, local, none or a plugin",
    group: "Logs and metrics",
  }),
  logOptions: option({
    key: "log-opts",
    flag: "log-opt",
    kind: "map",
    fallback: {},
    doc: "KEY=VALUE for that driver, as of `run --log-opt`; may be repeated; in the file an object",
    group: "Logs and metrics",
  }),
  metricsAddr: option({
    key: "metrics-addr",
    flag: "metrics-addr",
    kind: "text",
    fallback: "",
    doc: "HOST:PORT that serves Prometheus metrics at /metrics, without TLS; none by default",
    group: "Logs and metrics",
  }),
  labels: option({
    key: "labels",
    flag: "label",
    kind: "list",
    fallback: [],
    doc: "KEY=VALUE that `info` shows; may be repeated",
    group: "API",
    reloads: true,
  }),
  authorizationPlugins: option({
    key: "authorization-plugins",
    flag: "authorization-plugin",
    kind: "list",
    fallback: [],
    doc: "plugin that must allow every request of the API and its answer; may be repeated, asked in this order",
    group: "API",
    reloads: true,
  }),
  authorizationTimeout: option({
    key: "authorization-timeout",
    flag: "authorization-timeout",
    kind: "number",
    fallback: 30,
    doc: "seconds that an authorization plugin may take for one answer; the request is denied then",
    group: "API",
    reloads: true,
  }),
  tls: option({
    key: "tls",
    flag: "tls",
    kind: "flag",
    fallback: false,
    doc: "use TLS on tcp:// hosts",
    group: "API",
  }),
  tlsVerify: option({
    key: "tlsverify",
    flag: "tlsverify",
    kind: "flag",
    fallback: false,
    doc: "use TLS on tcp:// hosts and require a client certificate signed by --tlscacert",
    group: "API",
  }),
  tlsCaCert: option({
    key: "tlscacert",
    flag: "tlscacert",
    kind: "text",
    fallback: "",
    doc: "PEM file of the CA that clients' certificates must be signed by",
    group: "API",
  }),
  tlsCert: option({
    key: "tlscert",
    flag: "tlscert",
    kind: "text",
    fallback: "",
    doc: "PEM file of the server's certificate",
    group: "API",
  }),
  tlsKey: option({
    key: "tlskey",
    flag: "tlskey",
    kind: "text",
    fallback: "",
    doc: "PEM file of the server's key",
    group: "API",
  }),
  liveRestore: option({
    key: "live-restore",
    flag: "live-restore",
    kind: "flag",
    fallback: true,
    doc: "keep plugins and containers running while no daemon runs; with false, the daemon stops them when it stops",
    group: "Life",
    reloads: true,
  }),
  shutdownTimeout: option({
    key: "shutdown-timeout",
    flag: "shutdown-timeout",
    kind: "number",
    fallback: 15,
    doc: "seconds that requests under way may take when the daemon stops, and then whatever else has begun",
    group: "Life",
    reloads: true,
  }),
  bridgeName: option({
    key: "bridge",
    flag: "bridge",
    short: "b",
    kind: "text",
    fallback: "davit0",
    doc: "name of the bridge of the default network; `none` for no such network",
    group: "Default network",
  }),
  bridgeSubnet: option({
    key: "bip",
    flag: "bip",
    kind: "text",
    fallback: "10.89.0.0/16",
    doc: "network of the default bridge, in CIDR notation",
    group: "Default network",
  }),
  defaultAddressPools: option({
    key: "default-address-pools",
    flag: "default-address-pool",
    kind: "pools",
    fallback: [],
    doc: 'base=SUBNET,size=N: networks that ask for no subnet get one of that prefix length out of it; Docker Engine\'s unless given; may be repeated; in the file `[{"base": SUBNET, "size": N}]`',
    group: "Default network",
  }),
  runc: option({
    key: "runc",
    flag: "runc",
    kind: "text",
    fallback: "runc",
    doc: "the OCI runtime, a command or a path",
    group: "Places",
  }),
  conmon: option({
    key: "conmon",
    flag: "conmon",
    kind: "text",
    fallback: "conmon",
    doc: "the monitor of processes, a command or a path",
    group: "Places",
  }),
} as const;

/** Settings as given in one place, by key of `daemon.json`. */
export type Given = Readonly<Record<string, unknown>>;

export type OptionName = keyof typeof options;

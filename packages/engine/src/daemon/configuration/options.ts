/** One setting: its key in `daemon.json` is also its flag, unless that has another name or letter. */
export interface Option<Kind extends OptionKind = OptionKind> {
  readonly key: string;
  readonly flag: string;
  readonly short?: string;
  readonly kind: Kind;
  readonly fallback: ValueOf<Kind>;
  readonly doc: string;
}

export type OptionKind = "text" | "flag" | "number" | "list";
export type ValueOf<Kind extends OptionKind> = {
  text: string;
  flag: boolean;
  number: number;
  list: readonly string[];
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
  }),
  dataRoot: option({
    key: "data-root",
    flag: "data-root",
    kind: "text",
    fallback: "/var/lib/davit",
    doc: "directory of everything that survives a reboot; its file system must be able to hold an overlay's upper directory",
  }),
  execRoot: option({
    key: "exec-root",
    flag: "exec-root",
    kind: "text",
    fallback: "/run/davit",
    doc: "directory of what does not survive a reboot",
  }),
  pluginSocketDir: option({
    key: "plugin-socket-dir",
    flag: "plugin-socket-dir",
    kind: "text",
    fallback: "/run/docker/plugins",
    doc: "directory in which the sockets of plugins appear, one directory per plugin",
  }),
  pluginStartTimeout: option({
    key: "plugin-start-timeout",
    flag: "plugin-start-timeout",
    kind: "number",
    fallback: 15,
    doc: "seconds that a plugin may take until its socket accepts connections",
  }),
  configFile: option({
    key: "config-file",
    flag: "config-file",
    kind: "text",
    fallback: "/etc/davit/daemon.json",
    doc: "the settings' file; may be missing at its default place",
  }),
  pidFile: option({
    key: "pidfile",
    flag: "pidfile",
    short: "p",
    kind: "text",
    fallback: "",
    doc: "file to write the process ID to; none by default",
  }),
  group: option({
    key: "group",
    flag: "group",
    short: "G",
    kind: "text",
    fallback: "",
    doc: "group that may use the UNIX socket; root's by default",
  }),
  insecureRegistries: option({
    key: "insecure-registries",
    flag: "insecure-registry",
    kind: "list",
    fallback: [],
    doc: "registry HOST[:PORT] or network in CIDR notation that may be spoken to without verified TLS; may be repeated",
  }),
  registryMirrors: option({
    key: "registry-mirrors",
    flag: "registry-mirror",
    kind: "list",
    fallback: [],
    doc: "mirror of Docker Hub, tried first on pulls; may be repeated",
  }),
  certsDir: option({
    key: "certs-dir",
    flag: "certs-dir",
    kind: "text",
    fallback: "/etc/docker/certs.d",
    doc: "directory of registries' certificates, one directory per HOST[:PORT]",
  }),
  debug: option({
    key: "debug",
    flag: "debug",
    short: "D",
    kind: "flag",
    fallback: false,
    doc: "as --log-level debug",
  }),
  logLevel: option({
    key: "log-level",
    flag: "log-level",
    short: "l",
    kind: "text",
    fallback: "info",
    doc: "debug, info, warn, error or fatal",
  }),
  logFormat: option({
    key: "log-format",
    flag: "log-format",
    kind: "text",
    fallback: "text",
    doc: "text (logfmt) or json",
  }),
  tls: option({
    key: "tls",
    flag: "tls",
    kind: "flag",
    fallback: false,
    doc: "use TLS on tcp:// hosts",
  }),
  tlsVerify: option({
    key: "tlsverify",
    flag: "tlsverify",
    kind: "flag",
    fallback: false,
    doc: "use TLS on tcp:// hosts and require a client certificate signed by --tlscacert",
  }),
  tlsCaCert: option({
    key: "tlscacert",
    flag: "tlscacert",
    kind: "text",
    fallback: "",
    doc: "PEM file of the CA that clients' certificates must be signed by",
  }),
  tlsCert: option({
    key: "tlscert",
    flag: "tlscert",
    kind: "text",
    fallback: "",
    doc: "PEM file of the server's certificate",
  }),
  tlsKey: option({
    key: "tlskey",
    flag: "tlskey",
    kind: "text",
    fallback: "",
    doc: "PEM file of the server's key",
  }),
  liveRestore: option({
    key: "live-restore",
    flag: "live-restore",
    kind: "flag",
    fallback: true,
    doc: "keep plugins and containers running while no daemon runs; with false, the daemon stops them when it stops",
  }),
  shutdownTimeout: option({
    key: "shutdown-timeout",
    flag: "shutdown-timeout",
    kind: "number",
    fallback: 15,
    doc: "seconds that requests under way may take when the daemon stops",
  }),
  cniDirs: option({
    key: "cni-dirs",
    flag: "cni-dir",
    kind: "list",
    fallback: ["/usr/lib/cni", "/opt/cni/bin"],
    doc: "where CNI plugins are looked for; may be repeated",
  }),
  bridgeName: option({
    key: "bridge",
    flag: "bridge",
    short: "b",
    kind: "text",
    fallback: "davit0",
    doc: "name of the bridge of the default network",
  }),
  bridgeSubnet: option({
    key: "bip",
    flag: "bip",
    kind: "text",
    fallback: "10.89.0.0/16",
    doc: "network of the default bridge, in CIDR notation",
  }),
  runc: option({
    key: "runc",
    flag: "runc",
    kind: "text",
    fallback: "runc",
    doc: "the OCI runtime, a command or a path",
  }),
  conmon: option({
    key: "conmon",
    flag: "conmon",
    kind: "text",
    fallback: "conmon",
    doc: "the monitor of processes, a command or a path",
  }),
} as const;

export type OptionName = keyof typeof options;

/** dockerd's flags and keys that mean nothing here: taken, with a warning that says so. */
export const ignoredFlags: readonly string[] = [
  "add-runtime",
  "allow-nondistributable-artifacts",
  "api-cors-header",
  "bridge-accept-fwmark",
  "cdi-spec-dir",
  "cgroup-parent",
  "containerd",
  "containerd-namespace",
  "containerd-plugins-namespace",
  "cpu-rt-period",
  "cpu-rt-runtime",
  "cri-containerd",
  "default-address-pool",
  "default-cgroupns-mode",
  "default-gateway",
  "default-gateway-v6",
  "default-ipc-mode",
  "default-network-opt",
  "default-runtime",
  "default-shm-size",
  "default-ulimit",
  "dns",
  "dns-opt",
  "dns-search",
  "exec-opt",
  "experimental",
  "fixed-cidr",
  "fixed-cidr-v6",
  "host-gateway-ip",
  "http-proxy",
  "https-proxy",
  "icc",
  "init",
  "init-path",
  "ip",
  "ip-forward",
  "ip-masq",
  "ip6tables",
  "iptables",
  "ipv6",
  "label",
  "log-driver",
  "log-opt",
  "max-concurrent-downloads",
  "max-concurrent-uploads",
  "max-download-attempts",
  "metrics-addr",
  "mtu",
  "network-control-plane-mtu",
  "no-new-privileges",
  "no-proxy",
  "node-generic-resource",
  "oom-score-adjust",
  "raw-logs",
  "rootless",
  "seccomp-profile",
  "selinux-enabled",
  "storage-driver",
  "storage-opt",
  "swarm-default-advertise-addr",
  "userland-proxy",
  "userland-proxy-path",
  "userns-remap",
];

/** Ignoring these would take away a protection that was asked for: refused. */
export const refusedFlags: Readonly<Record<string, string>> = {
  "authorization-plugin":
    "authorization plugins are not supported by this version: every request would be let through",
};

/** One of dockerd's settings that this engine does not have. */
export interface ForeignOption {
  readonly flag: string;
  /** Its key in `daemon.json`. */
  readonly key: string;
  readonly short?: string;
  /** A switch takes a value only after `=`. */
  readonly takes: "value" | "switch";
  /** Ignoring it would take away a protection that was asked for: refused, unless its value asks for none. */
  readonly refusal?: { readonly harmless: readonly string[]; readonly reason: string };
}

const switches = [
  "allow-direct-routing",
  "cri-containerd",
  "experimental",
  "icc",
  "init",
  "ip-forward",
  "ip-forward-no-drop",
  "ip-masq",
  "ip6tables",
  "iptables",
  "ipv6",
  "raw-logs",
  "userland-proxy",
];

const values = [
  "allow-nondistributable-artifacts",
  "api-cors-header",
  "bip6",
  "bridge-accept-fwmark",
  "cgroup-parent",
  "cluster-advertise",
  "cluster-store",
  "containerd",
  "containerd-namespace",
  "cpu-rt-period",
  "cpu-rt-runtime",
  "default-cgroupns-mode",
  "default-gateway",
  "default-gateway-v6",
  "default-ipc-mode",
  "default-runtime",
  "default-shm-size",
  "dns",
  "dns-search",
  "firewall-backend",
  "fixed-cidr",
  "fixed-cidr-v6",
  "host-gateway-ip",
  "init-path",
  "ip",
  "max-concurrent-downloads",
  "max-concurrent-uploads",
  "max-download-attempts",
  "mtu",
  "network-control-plane-mtu",
  "oom-score-adjust",
  "swarm-default-advertise-addr",
  "swarm-raft-election-tick",
  "swarm-raft-heartbeat-tick",
  "userland-proxy-path",
];

/** Flags whose key in the file is another one. */
const renamed: Readonly<Record<string, string>> = {
  "add-runtime": "runtimes",
  "cdi-spec-dir": "cdi-spec-dirs",
  "cluster-store-opt": "cluster-store-opts",
  "containerd-plugins-namespace": "containerd-plugin-namespace",
  "default-network-opt": "default-network-opts",
  "default-ulimit": "default-ulimits",
  "dns-opt": "dns-opts",
  "exec-opt": "exec-opts",
  feature: "features",
  "node-generic-resource": "node-generic-resources",
  "storage-opt": "storage-opts",
};

/** Keys without a flag. */
const keysOnly = ["builder", "deprecated-key-path", "resolv-conf"];

const refused: readonly ForeignOption[] = [
  {
    flag: "userns-remap",
    key: "userns-remap",
    takes: "value",
    refusal: {
      harmless: [""],
      reason: "user namespaces are not supported: root in a container would be root on the host",
    },
  },
  {
    flag: "selinux-enabled",
    key: "selinux-enabled",
    takes: "switch",
    refusal: {
      harmless: ["false"],
      reason: "SELinux labels are not supported: nothing would be confined by them",
    },
  },
  {
    flag: "no-new-privileges",
    key: "no-new-privileges",
    takes: "switch",
    refusal: {
      harmless: ["false"],
      reason: "it cannot be the default for all containers: give --security-opt no-new-privileges to each",
    },
  },
  {
    flag: "seccomp-profile",
    key: "seccomp-profile",
    takes: "value",
    refusal: {
      harmless: ["", "builtin", "default"],
      reason:
        "another profile cannot be the default for all containers: give --security-opt seccomp=FILE to each",
    },
  },
  {
    flag: "rootless",
    key: "rootless",
    takes: "switch",
    refusal: { harmless: ["false"], reason: "the engine needs root, for mounts, namespaces and devices" },
  },
];

/** dockerd's settings that mean nothing here: taken with a warning, or refused, never taken in silence. */
export const foreignOptions: readonly ForeignOption[] = [
  ...switches.map((flag): ForeignOption => ({ flag, key: flag, takes: "switch" })),
  ...values.map((flag): ForeignOption => ({ flag, key: flag, takes: "value" })),
  ...Object.entries(renamed).map(([flag, key]): ForeignOption => ({ flag, key, takes: "value" })),
  { flag: "storage-driver", key: "storage-driver", short: "s", takes: "value" },
  ...refused,
];

export const foreignKeys: ReadonlyMap<string, ForeignOption> = new Map([
  ...keysOnly.map((key) => [key, { flag: "", key, takes: "value" }] as const),
  ...foreignOptions.map((option) => [option.key, option] as const),
]);

/** Why a value may not be ignored; undefined if it may. */
export function refusalOf({ refusal }: ForeignOption, value: unknown): string | undefined {
  if (refusal === undefined) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return refusal.harmless.includes(text) ? undefined : refusal.reason;
}

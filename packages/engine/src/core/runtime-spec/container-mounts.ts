import { defaultMounts } from "./defaults.ts";
import type { SpecMount } from "./spec.ts";

/** Where an init program appears inside, as the Engine has it. */
export const initPath = "/sbin/docker-init";

/** What is on `/dev/shm`: a memory file system of the container's own, nothing, or a directory of the host. */
export type ShmSource = "own" | "none" | { readonly source: string };

export interface MountsHost {
  readonly mounts: readonly SpecMount[];
  readonly files: { readonly hosts: string; readonly hostname: string; readonly resolvConf: string };
  readonly shm?: ShmSource;
  readonly shmSizeBytes?: number;
  readonly init?: string;
  readonly privileged: boolean;
}

/** Everything that is mounted in a container, outer mounts before inner ones. */
export function containerMounts(host: MountsHost): readonly SpecMount[] {
  const replaced = new Set(host.mounts.map((mount) => mount.destination));
  const files: readonly SpecMount[] = [
    fileMount(host.files.resolvConf, "/etc/resolv.conf"),
    fileMount(host.files.hostname, "/etc/hostname"),
    fileMount(host.files.hosts, "/etc/hosts"),
  ];
  const ours = [...defaultMounts.flatMap((mount) => adapted(mount, host)), ...files].filter(
    // A `/dev` of the container's own comes with all below it.
    ({ destination }) =>
      !replaced.has(destination) && !(replaced.has("/dev") && destination.startsWith("/dev/")),
  );
  const init =
    host.init === undefined
      ? []
      : [{ destination: initPath, type: "bind", source: host.init, options: ["bind", "ro", "rprivate"] }];
  // What is mounted inside another mount must come after it.
  return [...ours, ...host.mounts, ...init].toSorted((left, right) => depth(left) - depth(right));
}

const depth = ({ destination }: SpecMount): number =>
  destination.split("/").filter((part) => part !== "").length;

const fileMount = (source: string, destination: string): SpecMount => ({
  destination,
  type: "bind",
  source,
  options: ["rbind", "rprivate"],
});

const defaultShmBytes = 64 * 1024 * 1024;

function adapted(mount: SpecMount, host: MountsHost): readonly SpecMount[] {
  if (mount.destination === "/dev/shm") return shmMount(mount, host);
  if (host.privileged && mount.destination.startsWith("/sys")) {
    return [{ ...mount, options: mount.options.map((option) => (option === "ro" ? "rw" : option)) }];
  }
  return [mount];
}

function shmMount(mount: SpecMount, { shm = "own", shmSizeBytes }: MountsHost): readonly SpecMount[] {
  if (shm === "none") return [];
  if (shm === "own") {
    return [{ ...mount, options: [...mount.options, `size=${shmSizeBytes ?? defaultShmBytes}`] }];
  }
  return [{ ...mount, type: "bind", source: shm.source, options: ["rbind", "rprivate"] }];
}

/** A mount can only receive or send later mounts if the root file system may. */
export function rootfsPropagation(mounts: readonly SpecMount[]): {
  rootfsPropagation?: "rshared" | "rslave";
} {
  const options = new Set(mounts.flatMap((mount) => mount.options));
  if (options.has("rshared") || options.has("shared")) return { rootfsPropagation: "rshared" };
  return options.has("rslave") || options.has("slave") ? { rootfsPropagation: "rslave" } : {};
}

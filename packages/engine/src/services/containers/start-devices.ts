import { limitedDevices } from "../../core/container/limits.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { EngineError } from "../../core/errors.ts";
import type { Host } from "../../core/ports/host.ts";
import type { ContainerHost } from "../../core/runtime-spec/container-spec.ts";
import type { DeviceRule, SpecDevice } from "../../core/runtime-spec/spec.ts";

/** Directories of `/dev` that a container has of its own, or that are the host's business. */
const ownDirectories = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];

/** The devices that a container gets: those it asked for, and all of the host if it is privileged. */
export async function startDevices(
  host: Host,
  { hostConfig, security }: ContainerRecord,
): Promise<Pick<ContainerHost, "devices" | "deviceRules" | "blockDevices">> {
  const devices: SpecDevice[] = security.privileged ? [...(await hostDevices(host))] : [];
  const deviceRules: DeviceRule[] = [];
  for (const { PathOnHost: path, PathInContainer: inside, CgroupPermissions: access } of hostConfig.Devices) {
    const target = inside === "" ? path : inside;
    for (const node of await host.deviceNodes(path)) {
      const { type, major, minor } = node;
      devices.push({ ...node, path: target + node.path.slice(path.length) });
      if (type !== "p") deviceRules.push({ allow: true, type, major, minor, access: access || "rwm" });
    }
  }
  return { devices: lastOfEach(devices), deviceRules, blockDevices: await blockDevices(host, hostConfig) };
}

async function hostDevices(host: Host): Promise<readonly SpecDevice[]> {
  const all = await host.deviceNodes("/dev");
  return all.filter(
    ({ path, type }) =>
      type !== "p" &&
      path !== "/dev/console" &&
      !ownDirectories.some((name) => path.startsWith(`/dev/${name}/`)),
  );
}

/** One that was asked for wins over the host's at the same path. */
const lastOfEach = (devices: readonly SpecDevice[]): readonly SpecDevice[] => [
  ...new Map(devices.map((device) => [device.path, device])).values(),
];

async function blockDevices(host: Host, hostConfig: ContainerRecord["hostConfig"]) {
  const paths = [...new Set(limitedDevices(hostConfig))];
  const entries = await Promise.all(
    paths.map(async (path) => {
      const [node] = await host.deviceNodes(path);
      if (node === undefined) throw new EngineError("invalid", `limit device ${path}: no such device`);
      return [path, { major: node.major, minor: node.minor }] as const;
    }),
  );
  return new Map(entries);
}

import type { ContainerMount, ContainerRecord } from "../../core/container/record.ts";
import { EngineError, wrapError } from "../../core/errors.ts";
import type { SpecMount } from "../../core/runtime-spec/spec.ts";
import type { ContainerPorts } from "./container-ports.ts";

/** A container's own mounts as the runtime wants them: volumes are mounted, sources of `-v` made. */
export async function startMounts(
  ports: Pick<ContainerPorts, "host" | "volumes" | "mountFiles" | "layout">,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<readonly SpecMount[]> {
  const { host, mountFiles } = ports;
  const mounts: SpecMount[] = [];
  // One after the other: drivers are asked in the order of the destinations.
  for (const [index, mount] of record.mounts.entries()) mounts.push(await specOf(mount, index));
  return mounts;

  async function specOf(mount: ContainerMount, index: number): Promise<SpecMount> {
    if (mount.type === "tmpfs") return tmpfsMount(mount);
    if (mount.type === "volume")
      return bindMount(mount, await mountVolume(ports, record, { mount, index, signal }));
    const source = mount.source ?? "";
    await bindSource(source);
    await checkPropagation(source, mount.propagation);
    return bindMount(mount, source);
  }

  /** `-v` makes what is missing, `--mount` has refused it at create and refuses it now. */
  async function bindSource(source: string): Promise<void> {
    if (await host.pathExists(source)) return;
    const isStrict = record.hostConfig.Mounts.some(
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

  /** Of a mount that is private on the host nothing can be passed on. */
  async function checkPropagation(source: string, asked: string): Promise<void> {
    const wantsShared = asked.endsWith("shared");
    if (!wantsShared && !asked.endsWith("slave")) return;
    const { mountPoint, shared, slave } = await mountFiles.propagation(source);
    if (shared || (slave && !wantsShared)) return;
    throw new EngineError(
      "conflict",
      `path ${source} is mounted on ${mountPoint} but it is not a ${wantsShared ? "shared" : "shared or slave"} mount`,
    );
  }
}

/**
 * Mounts a volume, and answers where on the host the container's part of it is, held in the container's own directory of mounts: a
 * plugin can replace what it answered by a link to anywhere before somebody comes to it, and a container a part of its volume.
 */
export async function mountVolume(
  { volumes, mountFiles, layout }: Pick<ContainerPorts, "volumes" | "mountFiles" | "layout">,
  { id }: ContainerRecord,
  {
    mount,
    index,
    signal,
  }: { readonly mount: ContainerMount; readonly index: number; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const { volume, driver, destination, subpath } = mount;
  const { mounts: dir } = layout.container(id);
  const pinned = async (path: string, target: string): Promise<string> => {
    await mountFiles.bindResolved(path, target);
    return target;
  };
  try {
    const path = await volumes.mount(id, destination, { signal });
    const whole = driver === "local" ? path : await pinned(path, `${dir}/volume-${index}`);
    if (subpath === undefined) return whole;
    const target = `${dir}/subpath-${index}`;
    await mountFiles.bindInside(whole, subpath, target);
    return target;
  } catch (error) {
    throw wrapError(`error while mounting volume '${volume ?? ""}'`, error);
  }
}

const bindMount = (mount: ContainerMount, source: string): SpecMount => ({
  destination: mount.destination,
  type: "bind",
  source,
  options: [
    mount.nonRecursive === true ? "bind" : "rbind",
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

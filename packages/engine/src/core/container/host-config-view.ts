import type { HostConfig, MountRequest } from "@davit/protocol";
import { maskedPaths, readonlyPaths } from "../runtime-spec/defaults.ts";

/** Lists that the Engine leaves out where clients do. */
const orNull = <Item>(list: readonly Item[]): readonly Item[] | null => (list.length === 0 ? null : list);

const unlessEmpty = (key: string, value: object): Record<string, unknown> =>
  Object.keys(value).length === 0 ? {} : { [key]: value };

/** As inspect shows it: what was asked for, with the engine's defaults, in the Engine's form. */
export function hostConfigView(host: HostConfig): Record<string, unknown> {
  const { Annotations, StorageOpt, Tmpfs, Sysctls, Mounts, ...rest } = host;
  return {
    ...rest,
    ...unlessEmpty("Annotations", Annotations),
    ...unlessEmpty("StorageOpt", StorageOpt),
    ...unlessEmpty("Tmpfs", Tmpfs),
    ...unlessEmpty("Sysctls", Sysctls),
    ...unlessEmpty("Mounts", Mounts.map(mountView)),
    Binds: orNull(host.Binds),
    VolumesFrom: orNull(host.VolumesFrom),
    CapAdd: orNull(host.CapAdd),
    CapDrop: orNull(host.CapDrop),
    ExtraHosts: orNull(host.ExtraHosts),
    GroupAdd: orNull(host.GroupAdd),
    Links: orNull(host.Links),
    SecurityOpt: orNull(host.SecurityOpt),
    DeviceCgroupRules: orNull(host.DeviceCgroupRules),
    DeviceRequests: orNull(host.DeviceRequests),
    ConsoleSize: host.ConsoleSize.length === 2 ? host.ConsoleSize : [0, 0],
    MemorySwappiness: host.MemorySwappiness === -1 ? null : (host.MemorySwappiness ?? null),
    OomKillDisable: host.OomKillDisable ?? false,
    PidsLimit: host.PidsLimit === 0 ? null : (host.PidsLimit ?? null),
    Runtime: host.Runtime === "" ? "runc" : host.Runtime,
    MaskedPaths: host.Privileged ? null : (host.MaskedPaths ?? maskedPaths),
    ReadonlyPaths: host.Privileged ? null : (host.ReadonlyPaths ?? readonlyPaths),
  };
}

/** Without what was not asked for. */
function mountView({ Type, Target, ...rest }: MountRequest): Record<string, unknown> {
  const { Source, ReadOnly, Consistency, TmpfsOptions: tmpfs, ...options } = rest;
  return {
    Type,
    ...(Source === "" ? {} : { Source }),
    Target,
    ...(ReadOnly ? { ReadOnly } : {}),
    ...(Consistency === "" ? {} : { Consistency }),
    ...options,
    ...(tmpfs === undefined
      ? {}
      : {
          TmpfsOptions: {
            ...(tmpfs.SizeBytes === 0 ? {} : { SizeBytes: tmpfs.SizeBytes }),
            ...(tmpfs.Mode === 0 ? {} : { Mode: tmpfs.Mode }),
            ...unlessEmpty("Options", tmpfs.Options),
          },
        }),
  };
}

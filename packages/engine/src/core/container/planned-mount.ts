import type { MountRequest } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { ContainerMount } from "./record.ts";

/** A mount that was asked for, before volumes are found or made and host paths are looked at. */
export interface PlannedMount {
  readonly mount: ContainerMount;
  /** What to ask of the volumes, for `volume`. */
  readonly volume?: {
    readonly name: string;
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
    readonly labels: Readonly<Record<string, string>>;
  };
  /** For `bind`: what to do if the source is not there. */
  readonly missingSource?: "create" | "refuse";
}

export interface MountInputs {
  /** `HostConfig.Binds`: `source:destination[:mode]`. */
  readonly binds: readonly string[];
  readonly mounts: readonly MountRequest[];
  /** `HostConfig.Tmpfs`: options by destination. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** `HostConfig.VolumeDriver`: for volumes of `binds` and `volumes` that have to be made. */
  readonly volumeDriver: string;
  /** `Config.Volumes` of the image and the request: anonymous volumes where nothing else is mounted. */
  readonly volumes: readonly string[];
  /** Mounts of each container of `HostConfig.VolumesFrom`; others at the same destination win over them. */
  readonly inherited?: readonly (readonly ContainerMount[])[];
}

const propagations: ReadonlySet<string> = new Set([
  "private",
  "rprivate",
  "shared",
  "rshared",
  "slave",
  "rslave",
]);
const consistencies: ReadonlySet<string> = new Set(["consistent", "cached", "delegated", "default"]);

const invalid = (message: string): EngineError => new EngineError("invalid", message);

/** All mounts of a container, by destination; two at one destination are refused. */
export function planMounts(inputs: MountInputs): readonly PlannedMount[] {
  const explicit = [
    ...inputs.binds.map((bind) => parseBind(bind, inputs.volumeDriver)),
    ...inputs.mounts.map(parseMount),
    ...Object.entries(inputs.tmpfs).map(([destination, options]) => parseTmpfs(destination, options)),
  ];
  const taken = new Set<string>();
  // A later container's mount wins over an earlier one's.
  const inherited = new Map((inputs.inherited ?? []).flat().map((mount) => [mount.destination, mount]));
  for (const { mount } of explicit) {
    if (taken.has(mount.destination)) throw invalid(`Duplicate mount point: ${mount.destination}`);
    taken.add(mount.destination);
  }
  const takenOver = [...inherited.values()]
    .filter(({ destination }) => !taken.has(destination))
    .map(plannedAgain);
  for (const { mount } of takenOver) taken.add(mount.destination);
  const anonymous = inputs.volumes
    .map((volume) => parseBind(volume, inputs.volumeDriver))
    .filter(({ mount }) => !taken.has(mount.destination));
  return [...explicit, ...takenOver, ...anonymous].sort((a, b) =>
    a.mount.destination < b.mount.destination ? -1 : 1,
  );
}

/** A mount that another container has already. */
const plannedAgain = (mount: ContainerMount): PlannedMount =>
  mount.type === "volume"
    ? {
        mount: { ...mount, anonymous: false },
        volume: { name: mount.volume ?? "", driver: mount.driver ?? "", options: {}, labels: {} },
      }
    : { mount };

/** `-v`: `destination`, `source:destination` or `source:destination:mode`; a source that is no path names a volume. */
export function parseBind(text: string, volumeDriver: string): PlannedMount {
  const broken = `invalid volume specification: '${text}'`;
  const parts = text.split(":");
  const [first = "", second, mode = ""] = parts;
  if (first === "" || parts.length > 3) throw invalid(broken);
  if (parts.length === 2 && second !== undefined && isMode(second)) throw invalid(broken);
  if (!isMode(mode)) throw invalid(`invalid mode: ${mode}`);
  const source = second === undefined ? "" : first;
  const kind = source.startsWith("/") ? "bind" : "volume";
  const destination = cleanDestination(second ?? first, (reason) =>
    invalid(`${broken}: invalid mount config for type "${kind}": ${reason}`),
  );
  const words = mode.split(",");
  const readOnly = words.includes("ro");
  const propagation = words.find((word) => propagations.has(word)) ?? "";
  if (source.startsWith("/")) {
    return {
      mount: {
        type: "bind",
        source: cleanPath(source),
        destination,
        readOnly,
        propagation: propagation === "" ? "rprivate" : propagation,
        mode,
      },
      missingSource: "create",
    };
  }
  if (propagation !== "") {
    throw invalid(
      `${broken}: invalid mount config for type "volume": field BindOptions must not be specified`,
    );
  }
  return volumeRequest(
    { name: source, driver: volumeDriver, options: {}, labels: {} },
    {
      destination,
      readOnly,
      mode: mode === "" && source !== "" ? "z" : mode,
      ...(words.includes("nocopy") ? { noCopy: true } : {}),
    },
  );
}

function volumeRequest(
  volume: { name: string; driver: string; options: Record<string, string>; labels: Record<string, string> },
  at: Pick<ContainerMount, "destination" | "readOnly" | "mode" | "noCopy" | "subpath">,
): PlannedMount {
  return {
    mount: {
      type: "volume",
      volume: volume.name,
      driver: volume.driver,
      ...at,
      propagation: "",
      anonymous: volume.name === "",
    },
    volume,
  };
}

function isMode(text: string): boolean {
  if (text === "") return true;
  const kinds = text.split(",").map(modeKind);
  return kinds.every((kind) => kind !== undefined) && new Set(kinds).size === kinds.length;
}

function modeKind(word: string): string | undefined {
  if (word === "ro" || word === "rw") return "access";
  if (word === "z" || word === "Z") return "label";
  if (word === "nocopy") return "copy";
  if (propagations.has(word)) return "propagation";
  return consistencies.has(word) ? "consistency" : undefined;
}

/** `--mount`. */
export function parseMount(body: MountRequest): PlannedMount {
  const fail = (reason: string): EngineError =>
    invalid(`invalid mount config for type "${body.Type}": ${reason}`);
  if (body.Target === "") throw fail("field Target must not be empty");
  const destination = cleanDestination(body.Target, fail);
  const readOnly = body.ReadOnly;
  switch (body.Type) {
    case "bind": {
      if (body.Source === "") throw fail("field Source must not be empty");
      if (body.VolumeOptions !== undefined) throw fail("field VolumeOptions must not be specified");
      if (!body.Source.startsWith("/")) {
        throw fail(`invalid mount path: '${body.Source}' mount path must be absolute`);
      }
      const propagation = body.BindOptions?.Propagation ?? "";
      if (propagation !== "" && !propagations.has(propagation)) {
        throw fail(`invalid propagation mode: ${propagation}`);
      }
      return {
        mount: {
          type: "bind",
          source: cleanPath(body.Source),
          destination,
          readOnly,
          propagation: propagation === "" ? "rprivate" : propagation,
          mode: "",
          ...(body.BindOptions?.NonRecursive === true ? { nonRecursive: true } : {}),
        },
        missingSource: body.BindOptions?.CreateMountpoint === true ? "create" : "refuse",
      };
    }
    case "volume": {
      if (body.BindOptions !== undefined) throw fail("field BindOptions must not be specified");
      const options = body.VolumeOptions;
      const subpath = options?.Subpath ?? "";
      if (subpath !== "" && !isLocalPath(subpath)) {
        throw fail("subpath must be a relative path within the volume");
      }
      return volumeRequest(
        {
          name: body.Source,
          driver: options?.DriverConfig?.Name ?? "",
          options: options?.DriverConfig?.Options ?? {},
          labels: options?.Labels ?? {},
        },
        {
          destination,
          readOnly,
          mode: "z",
          ...(options?.NoCopy === true ? { noCopy: true } : {}),
          ...(subpath === "" ? {} : { subpath: cleanPath(subpath).slice(1) }),
        },
      );
    }
    case "tmpfs": {
      if (body.Source !== "") throw fail("field Source must not be specified");
      const { SizeBytes: size = 0, Mode: mode = 0, Options: more = [] } = body.TmpfsOptions ?? {};
      return tmpfsRequest(destination, [
        ...(readOnly ? ["ro"] : []),
        ...(size > 0 ? [`size=${size}`] : []),
        ...(mode > 0 ? [`mode=${mode.toString(8)}`] : []),
        ...more.map((words) => words.join("=")),
      ]);
    }
    default:
      throw fail("mount type unknown");
  }
}

/** `--tmpfs destination[:options]`. */
function parseTmpfs(target: string, options: string): PlannedMount {
  const destination = cleanDestination(target, (reason) => invalid(`invalid tmpfs mount: ${reason}`));
  const words = options === "" ? [] : options.split(",");
  for (const word of words) checkTmpfsOption(word);
  return tmpfsRequest(destination, words);
}

/** Besides the flags of any mount: https://docs.kernel.org/filesystems/tmpfs.html */
const tmpfsValues = new Set(["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]);
const mountFlags =
  /^(defaults|ro|rw|(no)?(suid|dev|exec|mand|atime|diratime|relatime|strictatime)|a?sync|dirsync|remount|r?bind|r?(unbindable|private|shared|slave))?$/;

function checkTmpfsOption(option: string): void {
  const [key = "", ...value] = option.split("=");
  if (tmpfsValues.has(key) || mountFlags.test(key)) return;
  const words = value.length === 0 ? [key] : [key, value.join("=")];
  throw invalid(`invalid tmpfs option [${words.map((word) => JSON.stringify(word)).join(" ")}]`);
}

const tmpfsRequest = (destination: string, options: readonly string[]): PlannedMount => ({
  mount: {
    type: "tmpfs",
    destination,
    readOnly: options.includes("ro"),
    propagation: "",
    mode: "",
    options,
  },
});

function cleanDestination(path: string, fail: (reason: string) => EngineError): string {
  if (!path.startsWith("/")) throw fail(`invalid mount path: '${path}' mount path must be absolute`);
  const clean = cleanPath(path);
  if (clean === "/") throw fail("invalid specification: destination can't be '/'");
  return clean;
}

/** Whether a relative path stays below where it starts, links aside. */
function isLocalPath(path: string): boolean {
  if (path.startsWith("/")) return false;
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

/** The shortest absolute path that means the same, without looking at the file system. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

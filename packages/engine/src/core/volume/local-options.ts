import { EngineError } from "../errors.ts";

/** What the `local` driver mounts, if its volume has options: as `mount -t type -o options device` would. */
export interface LocalMount {
  readonly type: string;
  readonly device: string;
  /** Comma-separated, as mount(8) takes them; may be empty. */
  readonly options: string;
}

const known: ReadonlySet<string> = new Set(["type", "o", "device", "size"]);

/** Checks `-o` options of a local volume; undefined if there are none and the volume is a plain directory. */
export function parseLocalOptions(options: Readonly<Record<string, string>>): LocalMount | undefined {
  const keys = Object.keys(options);
  if (keys.length === 0) return undefined;
  const unknown = keys.find((key) => !known.has(key));
  if (unknown !== undefined) throw new EngineError("invalid", `invalid option: ${JSON.stringify(unknown)}`);
  if (options["size"] !== undefined) {
    throw new EngineError(
      "invalid",
      "quota size requested but no quota support: give the size to the file system, e.g. type=tmpfs,device=tmpfs,o=size=64m",
    );
  }
  const { type, device, o = "" } = options;
  if (device === undefined || device === "")
    throw new EngineError("invalid", 'missing required option: "device"');
  if (type === undefined) throw new EngineError("invalid", 'missing required option: "type"');
  return { type, device, options: o };
}

/** Volume names of the `local` driver become directories, so they are plain. */
export function requireLocalName(name: string): void {
  if (name.length === 1) {
    throw new EngineError(
      "invalid",
      "volume name is too short, names should be at least two alphanumeric characters",
    );
  }
  if (name.length > 255) {
    throw new EngineError("invalid", "volume name is too long, names should be 255 characters at most");
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new EngineError(
      "invalid",
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

import { resolve } from "node:path";
import { splitCsv } from "./csv.ts";
import { parseBytes } from "./quantities.ts";

/** One element of `HostConfig.Mounts`. */
export interface MountOption {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: { Propagation?: string; NonRecursive?: boolean; CreateMountpoint?: boolean };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
    Subpath?: string;
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

const switches = new Set(["readonly", "ro", "volume-nocopy", "bind-nonrecursive"]);

/** `--mount type=volume,src=NAME,dst=/p,...` */
export function parseMountOption(text: string, cwd: string): MountOption {
  const fields = splitCsv(text.trim());
  if (text.trim() === "") throw new Error("value is empty");
  const mount: MountOption = { Type: "volume" };
  for (const field of fields) {
    const equals = field.indexOf("=");
    const key = (equals === -1 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (equals === -1 && !switches.has(key))
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    applyField(mount, key, equals === -1 ? "true" : field.slice(equals + 1), field, cwd);
  }
  if (mount.Type === "") throw new Error("type is required");
  if (mount.Target === undefined || mount.Target === "") throw new Error("target is required");
  checkKinds(mount);
  return mount;
}

function applyField(mount: MountOption, key: string, value: string, field: string, cwd: string): void {
  switch (key) {
    case "type":
      mount.Type = value.toLowerCase();
      return;
    case "source":
    case "src":
      mount.Source = value === "." || value.startsWith("./") ? resolve(cwd, value) : value;
      return;
    case "target":
    case "dst":
    case "destination":
      mount.Target = value;
      return;
    case "readonly":
    case "ro":
      mount.ReadOnly = truth(key, value);
      return;
    case "consistency":
      mount.Consistency = value.toLowerCase();
      return;
    case "bind-propagation":
      mount.BindOptions = { ...mount.BindOptions, Propagation: value.toLowerCase() };
      return;
    case "bind-nonrecursive":
      mount.BindOptions = { ...mount.BindOptions, NonRecursive: truth(key, value) };
      return;
    case "tmpfs-size":
      mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseBytes(value) };
      return;
    case "tmpfs-mode":
      if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
      mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
      return;
    default:
      applyVolumeField(mount, key, value, field);
  }
}

function applyVolumeField(mount: MountOption, key: string, value: string, field: string): void {
  const options = mount.VolumeOptions ?? {};
  const driver = options.DriverConfig ?? {};
  const [name = "", ...rest] = value.split("=");
  switch (key) {
    case "volume-nocopy":
      options.NoCopy = truth(key, value);
      break;
    case "volume-subpath":
      options.Subpath = value;
      break;
    case "volume-label":
      options.Labels = { ...options.Labels, [name]: rest.join("=") };
      break;
    case "volume-driver":
      options.DriverConfig = { ...driver, Name: value };
      break;
    case "volume-opt":
      options.DriverConfig = { ...driver, Options: { ...driver.Options, [name]: rest.join("=") } };
      break;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  mount.VolumeOptions = options;
}

function truth(key: string, value: string): boolean {
  if (["1", "t", "T", "true", "True", "TRUE"].includes(value)) return true;
  if (["0", "f", "F", "false", "False", "FALSE"].includes(value)) return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}

function checkKinds(mount: MountOption): void {
  const cannotMix = (prefix: string): Error =>
    new Error(`cannot mix '${prefix}-*' options with mount type '${mount.Type}'`);
  if (mount.VolumeOptions !== undefined && mount.Type !== "volume") throw cannotMix("volume");
  if (mount.BindOptions !== undefined && mount.Type !== "bind") throw cannotMix("bind");
  if (mount.TmpfsOptions !== undefined && mount.Type !== "tmpfs") throw cannotMix("tmpfs");
}

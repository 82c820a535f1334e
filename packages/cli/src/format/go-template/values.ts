/** What Go prints for a value: `[a b]`, `map[k:v]`, `<no value>` for nothing. */
export function goText(value: unknown): string {
  return value === null || value === undefined ? "<no value>" : inner(value);
}

function inner(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${inner(item)}`).join(" ")}]`;
  }
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return `${value}`;
  return `<${typeof value}>`;
}

/** Go's idea of true: not zero, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

const maps = new Set(
  "Annotations Data DriverOpts ExposedPorts Labels Networks Options PortBindings Ports Status StorageOpt Sysctls Tmpfs Volumes".split(
    " ",
  ),
);
const lists = new Set(
  (
    "Aliases Args Binds CapAdd CapDrop Capabilities Cmd Devices Dns DnsOptions DnsSearch Entrypoint Env ExecIDs " +
    "ExtraHosts GroupAdd Layers Links Mounts OnBuild RepoDigests RepoTags SecurityOpt Shell Types Ulimits Value VolumesFrom"
  ).split(" "),
);

/** What Go prints for a field that has nothing in it, by the type that its name has in the Engine API. */
export function emptyText(name: string): string {
  if (maps.has(name)) return "map[]";
  return lists.has(name) ? "[]" : goText(null);
}

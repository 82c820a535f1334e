export interface OsRelease {
  readonly prettyName: string;
  /** Empty if absent. */
  readonly versionId: string;
}

/** https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line);
    if (match !== null) values.set(match[1] ?? "", unquote(match[2] ?? ""));
  }
  return {
    prettyName: values.get("PRETTY_NAME") ?? values.get("NAME") ?? "Linux",
    versionId: values.get("VERSION_ID") ?? "",
  };
}

function unquote(text: string): string {
  const match = /^(["'])(.*)\1$/.exec(text);
  if (match === null) return text;
  const inner = match[2] ?? "";
  return match[1] === '"' ? inner.replace(/\\(["$`\\])/g, "$1") : inner;
}

/** The enabled rows of `/proc/cgroups`: name, hierarchy, number of groups, enabled. */
export function cgroupV1Controllers(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/))
    .filter((fields) => fields[3] === "1")
    .flatMap((fields) => fields[0] ?? []);
}

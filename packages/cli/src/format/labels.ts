/** `k=v,k=v`, sorted. */
export const labelsText = (labels: Readonly<Record<string, string>> | null): string =>
  Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");

/** `{{.Label "name"}}`. */
export const labelMethod =
  (labels: Readonly<Record<string, string>> | null) =>
  (name: unknown): string =>
    labels?.[String(name)] ?? "";

/** Its heading: the last part of the label's name. */
export const labelHeader = (name: unknown): string =>
  (String(name).split(".").at(-1) ?? "").replace(/[-_]/g, " ");

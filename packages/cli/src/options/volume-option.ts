import { resolve } from "node:path";

export type VolumeOption =
  | { readonly kind: "anonymous"; readonly destination: string }
  | { readonly kind: "bind"; readonly bind: string };

/** `-v [SOURCE:]DESTINATION[:OPTIONS]`; a source that starts with a dot is relative to `cwd`. */
export function parseVolumeOption(text: string, cwd: string): VolumeOption {
  const parts = text.split(":");
  if (text === "") throw new Error("invalid empty volume spec");
  if (parts.some((part) => part === "")) {
    throw new Error(`invalid spec: ${text}: empty section between colons`);
  }
  if (parts.length > 3) throw new Error(`invalid spec: ${text}: too many colons`);
  const [source = "", ...rest] = parts;
  if (rest.length === 0) return { kind: "anonymous", destination: source };
  const absolute = source.startsWith(".") ? resolve(cwd, source) : source;
  return { kind: "bind", bind: [absolute, ...rest].join(":") };
}

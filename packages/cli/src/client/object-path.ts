import { Failure } from "../failure.ts";

/** `/plugins/vieux/sshfs:latest`: slashes and colons of a name stay as they are, the rest is escaped. */
export function objectPath(
  kind: "container" | "image" | "network" | "plugin" | "volume",
  name: string,
): string {
  if (name.trim() === "") throw new Failure(`invalid ${kind} name or ID: value is empty`);
  const escaped = encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `/${kind}s/${escaped}`;
}

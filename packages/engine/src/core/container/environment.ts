import { defaultPath } from "../runtime-spec/defaults.ts";
import type { ContainerConfig } from "./record.ts";

/** The variables of a program in a container: the container's own win over ours, each name in its first place. */
export function containerEnvironment(
  config: Pick<ContainerConfig, "hostname" | "env">,
  around: { readonly tty: boolean; readonly given: readonly string[] },
): readonly string[] {
  const base = [
    defaultPath,
    `HOSTNAME=${config.hostname}`,
    ...(around.tty ? ["TERM=xterm"] : []),
    ...around.given,
    ...config.env,
  ];
  const byName = new Map(base.map((variable) => [variable.split("=", 1)[0], variable]));
  return [...byName.values()];
}

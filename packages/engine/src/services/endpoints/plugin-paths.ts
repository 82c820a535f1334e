import type { Layout } from "../../core/layout.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";
import type { PluginEndpoint } from "./plugin-endpoint.ts";
import { realScopedPath, scopedPath } from "./scoped-path.ts";

/** What the paths of a managed plugin are on the host. */
export function pluginPaths(
  record: PluginRecord,
  { layout, mountFiles }: { readonly layout: Layout; readonly mountFiles: Pick<MountFiles, "resolveInside"> },
): Pick<PluginEndpoint, "toHostPath" | "toRealPath"> {
  const paths = layout.plugin(record.id);
  const declaredMount = record.config.PropagatedMount;
  return {
    toHostPath: (inside) => scopedPath(inside, declaredMount, paths),
    toRealPath: (inside) => realScopedPath(mountFiles, { plugin: record.name, inside, declaredMount, paths }),
  };
}

import { newId } from "../../core/identifiers.ts";
import type { PluginEndpoint } from "../endpoints/plugin-endpoint.ts";

/** Where plugins find their FIFOs, as the Engine documents it. */
const documentedDir = "/run/docker/logging";

/** A new FIFO's place: as the plugin is told, and on the host. */
export async function newPipePlace(
  endpoint: PluginEndpoint,
  hostDir: string,
): Promise<{ readonly file: string; readonly path: string }> {
  // Those that the engine does not manage see the host's files.
  const dir = endpoint.definedBy === undefined ? documentedDir : hostDir;
  const id = newId();
  return { file: `${dir}/${id}`, path: `${await hostPath(endpoint, dir)}/${id}` };
}

/** Links that the plugin has made are followed as it would follow them; what is not there yet has none. */
async function hostPath(endpoint: PluginEndpoint, dir: string): Promise<string> {
  const parts = dir.split("/").slice(1);
  for (let known = parts.length; known > 0; known -= 1) {
    const real = await endpoint.toRealPath(`/${parts.slice(0, known).join("/")}`);
    if (real !== undefined) return [real, ...parts.slice(known)].join("/");
  }
  return endpoint.toHostPath(dir);
}

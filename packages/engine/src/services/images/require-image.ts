import { type Manifest, mediaTypes } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";

const pluginTypes: ReadonlySet<string> = new Set([mediaTypes.pluginConfig, mediaTypes.legacyPluginConfig]);
const imageTypes: ReadonlySet<string> = new Set([mediaTypes.dockerImageConfig, mediaTypes.ociImageConfig]);

/** Refuses what is no image, a plugin above all. */
export function requireImage({ config: { mediaType } }: Manifest): void {
  if (imageTypes.has(mediaType)) return;
  const what = pluginTypes.has(mediaType) ? "plugin" : "unknown";
  throw new EngineError("invalid", `Encountered remote "${mediaType}"(${what}) when fetching`);
}

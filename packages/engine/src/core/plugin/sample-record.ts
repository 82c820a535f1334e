import { pluginConfigSchema } from "@davit/protocol";
import type { PluginRecord } from "./record.ts";
import { initialSettings } from "./settings.ts";

const digest = `sha256:${"0".repeat(64)}` as const;

/** A plugin for tests of what is done with plugins. */
export function sampleRecord(change: Partial<PluginRecord> = {}): PluginRecord {
  const config = pluginConfigSchema.parse({
    Interface: { Types: ["docker.volumedriver/1.0"], Socket: "x.sock" },
  });
  const id = "a".repeat(64);
  return {
    id,
    name: "acme/v:latest",
    reference: "docker.io/acme/v:latest",
    enabled: true,
    timeoutSeconds: 0,
    config,
    settings: initialSettings(config),
    manifestDigest: digest,
    configDigest: digest,
    layers: [],
    rootfsKey: id,
    ...change,
  };
}

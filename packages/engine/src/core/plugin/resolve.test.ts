import { pluginConfigSchema } from "@davit/protocol";
import { describe, expect, it } from "vitest";
import type { PluginRecord } from "./record.ts";
import { resolvePlugin } from "./resolve.ts";
import { initialSettings } from "./settings.ts";

const config = pluginConfigSchema.parse({});
const plugin = (id: string, name: string): PluginRecord => ({
  id: id.padEnd(64, "0"),
  name,
  reference: name,
  enabled: false,
  timeoutSeconds: 0,
  config,
  settings: initialSettings(config),
  manifestDigest: `sha256:${"0".repeat(64)}`,
  configDigest: `sha256:${"0".repeat(64)}`,
  layers: [],
  rootfsKey: id,
});

const plugins = [plugin("abc1", "acme/a:latest"), plugin("abd2", "acme/b:v1"), plugin("f00d", "abc:latest")];

describe("resolvePlugin", () => {
  it.each([
    ["acme/a", "acme/a:latest"],
    ["docker.io/acme/a:latest", "acme/a:latest"],
    ["index.docker.io/acme/a", "acme/a:latest"],
    ["acme/b:v1", "acme/b:v1"],
    ["abd", "acme/b:v1"],
    ["abc1".padEnd(64, "0"), "acme/a:latest"],
    // A name beats a prefix.
    ["abc", "abc:latest"],
  ])("finds by %s the plugin %s", (typed, name) => {
    expect(resolvePlugin(plugins, typed).name).toBe(name);
  });

  it.each(["acme/b", "ABC", "", "acme/a@sha256:".padEnd(78, "0"), "e".repeat(64), "abd2:x"])(
    "finds nothing by %j",
    (typed) => {
      expect(() => resolvePlugin(plugins, typed)).toThrow(`plugin "${typed}" not found`);
    },
  );

  it("refuses a prefix that two plugins share", () => {
    expect(() => resolvePlugin(plugins, "ab")).toThrow('multiple plugins found for "ab"');
  });
});

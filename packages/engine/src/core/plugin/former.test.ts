import { describe, expect, it } from "vitest";
import type { FormerPluginFiles } from "../ports/former-plugins.ts";
import { parseFormerIndex, readFormerPlugin } from "./former.ts";

const id = "cd851ce43a403";
const none: FormerPluginFiles = {
  entries: [],
  manifest: undefined,
  pluginConfig: undefined,
  config: undefined,
  pluginSettings: undefined,
};
const entry = (plugin: object) => ({ value: { plugin } });
const manifest = {
  manifestVersion: "v0.1",
  entrypoint: ["/plug"],
  interface: { types: ["docker.volumedriver/1.0"], socket: "p.sock" },
  network: { type: "host" },
  capabilities: ["CAP_SYS_ADMIN"],
  devices: [{ name: "fuse", path: "/dev/fuse" }],
  mounts: [{ name: "state", source: "/a", destination: "/state", type: "bind", options: ["rbind"] }],
  env: [{ name: "DEBUG", settable: ["value"], value: "0" }],
  args: { name: "args", value: ["one"] },
  workdir: "/w",
};

describe("readFormerPlugin", () => {
  it("reads a manifest of version v0.1 with the settings beside it", () => {
    const plugin = readFormerPlugin(id, entry({ Id: id, Name: "vieux/sshfs", Tag: "next", Active: true }), {
      ...none,
      manifest: JSON.stringify(manifest),
      pluginConfig: JSON.stringify({
        Env: ["DEBUG=1"],
        Mounts: [{ Name: "state", Source: "/b" }],
        Args: null,
        Devices: null,
      }),
    });
    expect(plugin).toMatchObject({ name: "vieux/sshfs:next", enabled: true });
    expect(plugin.config).toMatchObject({
      Entrypoint: ["/plug"],
      WorkDir: "/w",
      Network: { Type: "host" },
      Linux: { Capabilities: ["CAP_SYS_ADMIN"], Devices: [{ Name: "fuse", Path: "/dev/fuse" }] },
      Mounts: [{ Source: "/a" }],
    });
    expect(plugin.settings).toMatchObject({
      Env: ["DEBUG=1"],
      Args: ["one"],
      Mounts: [{ Name: "state", Source: "/b", Destination: "/state" }],
      Devices: [{ Path: "/dev/fuse" }],
    });
  });

  it("reads a config.json with plugin-settings.json, whichever of the two names the state has", () => {
    const { manifestVersion: _version, ...config } = manifest;
    const files = {
      ...none,
      config: JSON.stringify(config),
      pluginSettings: JSON.stringify({ Args: ["two"] }),
    };
    for (const state of [{ Enabled: true }, { Active: true }]) {
      const plugin = readFormerPlugin(id, entry({ Name: "acme/v", Tag: "latest", ...state }), files);
      expect(plugin).toMatchObject({ name: "acme/v:latest", enabled: true, settings: { Args: ["two"] } });
    }
    expect(readFormerPlugin(id, entry({ Name: "acme/v" }), files).enabled).toBe(false);
  });

  it("takes from plugins.json what has no file", () => {
    const plugin = readFormerPlugin(
      id,
      entry({ Name: "acme/v", Manifest: manifest, Config: { Env: ["DEBUG=2"] } }),
      none,
    );
    expect(plugin.config.Entrypoint).toEqual(["/plug"]);
    expect(plugin.settings.Env).toEqual(["DEBUG=2"]);
  });

  it("reads Docker Engine's record, in which a mount's setting is in the configuration", () => {
    const plugin = readFormerPlugin(id, undefined, {
      ...none,
      config: JSON.stringify({
        plugin: {
          Id: id,
          Name: "acme/v:1",
          Enabled: true,
          PluginReference: "docker.io/acme/v:1",
          Config: {
            Mounts: [{ Name: "m", Source: "/set" }],
            Linux: { Devices: [{ Name: "d", Path: "/dev/a" }] },
          },
          Settings: {
            Env: ["A=1"],
            Args: [],
            Mounts: [{ Name: "m", Source: "/old" }],
            Devices: [{ Name: "d", Path: "/dev/b" }],
          },
        },
        Rootfs: "",
        Config: "sha256:0",
      }),
    });
    expect(plugin).toMatchObject({
      name: "acme/v:1",
      reference: "docker.io/acme/v:1",
      enabled: true,
      settings: { Env: ["A=1"], Mounts: [{ Source: "/set" }], Devices: [{ Path: "/dev/b" }] },
    });
  });

  it.each([
    [
      "an unknown manifest version",
      { manifest: '{"manifestVersion":"v7"}' },
      'manifest.json: unknown manifest version "v7"',
    ],
    ["a manifest that is not JSON", { manifest: "{" }, "manifest.json: "],
    ["a manifest of the wrong type", { manifest: '{"entrypoint":7}' }, "manifest.json: Entrypoint"],
    [
      "settings of the wrong type",
      { manifest: "{}", pluginConfig: '{"Env":"A"}' },
      "plugin-config.json: Env",
    ],
    ["a setting that is none", { manifest: "{}", pluginConfig: '{"Env":["A"]}' }, "expected NAME=VALUE"],
    ["a socket elsewhere", { config: '{"interface":{"socket":"../x"}}' }, "config.json: Interface.Socket"],
    ["no configuration", {}, "neither manifest.json nor config.json"],
  ])("refuses %s", (_what, files, message) => {
    expect(() => readFormerPlugin(id, entry({ Name: "acme/v" }), { ...none, ...files })).toThrow(message);
  });

  it.each([
    ["another ID", { Id: "other", Name: "acme/v" }, 'its ID is "other" there'],
    ["no name", {}, "its name: "],
    ["a name that is none", { Name: "Acme/V" }, "its name: "],
  ])("refuses an entry with %s", (_what, plugin, message) => {
    expect(() => readFormerPlugin(id, entry(plugin), { ...none, manifest: "{}" })).toThrow(message);
  });

  it.each(["..", "a/b", "A", "", "a".repeat(65)])("refuses the ID %j", (wrong) => {
    expect(() => readFormerPlugin(wrong, entry({ Name: "acme/v" }), { ...none, manifest: "{}" })).toThrow(
      "its ID: expected",
    );
  });

  it("refuses a configuration that nothing names", () => {
    expect(() => readFormerPlugin(id, undefined, { ...none, config: "{}" })).toThrow(
      "plugins.json does not name it",
    );
  });
});

describe("parseFormerIndex", () => {
  it("looks at no entry yet", () => {
    expect([...parseFormerIndex('{"a": 7, "b": {}}').keys()]).toEqual(["a", "b"]);
  });

  it.each(["", "[]", "7", "{"])("refuses %j", (text) => {
    expect(() => parseFormerIndex(text)).toThrow("plugins.json: ");
  });
});

import { type Index, mediaTypes } from "@davit/protocol";
import { describe, expect, it } from "vitest";
import { choosePlatform, manifestType, parsePluginManifest } from "./artifact.ts";

const digest = (char: string) => `sha256:${char.repeat(64)}` as const;
const remote = (mediaType: string, value: object) => ({
  mediaType,
  digest: digest("0"),
  bytes: new TextEncoder().encode(JSON.stringify(value)),
});
const withConfig = (mediaType: string, rest: object = {}) => ({
  schemaVersion: 2,
  config: { mediaType, digest: digest("1"), size: 2 },
  layers: [],
  ...rest,
});

describe("parsePluginManifest", () => {
  it.each([
    ["Docker's manifest", mediaTypes.dockerManifest, withConfig(mediaTypes.pluginConfig)],
    ["OCI's manifest", mediaTypes.ociManifest, withConfig(mediaTypes.pluginConfig)],
    [
      "an OCI artifact whose type says that it is a plugin",
      mediaTypes.ociManifest,
      withConfig("application/json", { artifactType: mediaTypes.pluginConfig }),
    ],
    [
      "an OCI image whose artifact type says that it is a plugin",
      mediaTypes.ociManifest,
      withConfig(mediaTypes.ociImageConfig, { artifactType: mediaTypes.pluginConfig }),
    ],
  ])("takes %s", (_what, mediaType, manifest) => {
    expect(parsePluginManifest(remote(mediaType, manifest), "x/y:1").config.digest).toBe(digest("1"));
  });

  it.each([
    [mediaTypes.dockerImageConfig, 'it is an image: use "docker pull"'],
    [mediaTypes.ociImageConfig, 'it is an image: use "docker pull"'],
    ["text/plain", "its configuration is of type text/plain"],
  ])("refuses a configuration of type %s", (mediaType, reason) => {
    expect(() => parsePluginManifest(remote(mediaTypes.ociManifest, withConfig(mediaType)), "x/y:1")).toThrow(
      `did not find plugin config for specified reference x/y:1: ${reason}`,
    );
  });
});

describe("choosePlatform", () => {
  const entry = (char: string, architecture?: string, variant?: string): Index["manifests"][number] => ({
    mediaType: mediaTypes.ociManifest,
    digest: digest(char),
    size: 1,
    ...(architecture && { platform: { os: "linux", architecture, ...(variant && { variant }) } }),
  });
  const index = (...manifests: Index["manifests"]): Index => ({ schemaVersion: 2, manifests });

  it("takes the entry of the platform and its variant", () => {
    const all = index(entry("a", "amd64"), entry("b", "arm", "v6"), entry("c", "arm", "v7"));
    const chosen = (architecture: string, variant?: string) =>
      choosePlatform(all, { os: "linux", architecture, variant }, "x/y:1").digest;
    expect(chosen("amd64")).toBe(digest("a"));
    expect(chosen("arm", "v7")).toBe(digest("c"));
    expect(chosen("arm", "v6")).toBe(digest("b"));
    expect(chosen("arm")).toBe(digest("c"));
  });

  it("takes the only entry of an index that tells no platform", () => {
    const only = index(entry("a"));
    expect(choosePlatform(only, { os: "linux", architecture: "amd64" }, "x/y:1").digest).toBe(digest("a"));
  });

  it("says what is offered if nothing fits", () => {
    const all = index(entry("b", "arm", "v7"), entry("a"));
    expect(() => choosePlatform(all, { os: "linux", architecture: "amd64" }, "x/y:1")).toThrow(
      "no manifest of x/y:1 fits linux/amd64: it offers linux/arm/v7, unknown",
    );
  });
});

describe("manifestType", () => {
  it("is OCI's where a manifest tells none", () => {
    const bytes = (value: object) => new TextEncoder().encode(JSON.stringify(value));
    expect(manifestType(bytes({ mediaType: mediaTypes.dockerManifest }))).toBe(mediaTypes.dockerManifest);
    expect(manifestType(bytes({}))).toBe(mediaTypes.ociManifest);
  });
});

import type { Descriptor } from "@davit/protocol";
import { describe, expect, it } from "vitest";
import { bestForPlatform, parsePlatform } from "./platform.ts";

const entry = (text: string, at: number): Descriptor => {
  const [os = "", architecture = "", variant] = text.split("/");
  return {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${String(at).repeat(64)}`,
    size: 1,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  };
};

describe("bestForPlatform", () => {
  it.each([
    ["linux/amd64", ["linux/arm64", "linux/amd64"], 1],
    ["linux/amd64", ["linux/amd64/v3", "linux/amd64"], 1],
    ["linux/amd64", ["linux/amd64/v3"], undefined],
    ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v2"], 1],
    ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], 2],
    ["linux/arm/v6", ["linux/arm/v7", "linux/arm/v5", "linux/arm/v6"], 2],
    ["linux/arm/v6", ["linux/arm/v7"], undefined],
    ["linux/arm/v8", ["linux/arm/v6", "linux/arm/v7"], 1],
    ["linux/arm", ["linux/arm/v6", "linux/arm/v7", "linux/arm/v8"], 1],
    ["linux/arm64", ["linux/arm64/v8"], 0],
    ["linux/arm64/v8", ["linux/arm64"], 0],
    ["linux/arm64", ["windows/arm64", "linux/arm"], undefined],
    ["linux/amd64", [], undefined],
  ])("for %s of %j takes entry %s", (wanted, offered, expected) => {
    const entries = offered.map(entry);
    const own = { os: "linux", architecture: "amd64" };
    const found = bestForPlatform(entries, parsePlatform(wanted, own));
    expect(found).toBe(expected === undefined ? undefined : entries[expected]);
  });
});

import type { Descriptor } from "@davit/protocol";
import { describe, expect, it } from "vitest";
import { bestForPlatform, parsePlatform, platformName, runsOn } from "./platform.ts";

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

const own = { os: "linux", architecture: "amd64" };

it.each([
  ["", "linux/amd64"],
  ["linux", "linux/amd64"],
  ["Linux/X86_64", "linux/amd64"],
  ["arm64", "linux/arm64"],
  ["aarch64", "linux/arm64"],
  ["armhf", "linux/arm/v7"],
  ["linux/arm64/8", "linux/arm64/v8"],
  ["windows", "windows/amd64"],
])("platform %j is %s", (text, expected) => {
  expect(platformName(parsePlatform(text, own))).toBe(expected);
});

it.each([
  ["bogus", '"bogus": unknown operating system or architecture: invalid argument'],
  ["linux/", '"" is an invalid component of "linux/"'],
  ["a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'],
])("platform %j is refused", (text, message) => {
  expect(() => parsePlatform(text, own)).toThrow(message);
});

it.each([
  ["linux/amd64", "linux/amd64", true],
  ["linux/amd64", "linux/386", true],
  ["linux/386", "linux/amd64", false],
  ["linux/amd64", "linux/arm64", false],
  ["linux/arm64", "linux/arm64/v8", true],
  ["linux/arm64", "linux/arm/v7", true],
  ["linux/arm/v7", "linux/arm", true],
  ["linux/arm/v6", "linux/arm/v7", false],
  ["linux/amd64", "windows/amd64", false],
])("for %s an image of %s is taken: %s", (wanted, actual, expected) => {
  expect(runsOn(parsePlatform(wanted, own), parsePlatform(actual, own))).toBe(expected);
});

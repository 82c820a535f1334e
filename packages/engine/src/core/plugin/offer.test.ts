import { pluginConfigSchema } from "@davit/protocol";
import { describe, expect, it } from "vitest";
import { offeredInterfaces, offerName } from "./offer.ts";

describe("offerName", () => {
  it.each([
    ["vieux/sshfs:latest", "", "sshfs"],
    ["localhost:5000/a/b/c:v1", "", "c"],
    ["plain:latest", "", "plain"],
    ["vieux/sshfs:latest", "Files_1.2-x", "Files_1.2-x"],
  ])("is for %s asked as %j: %s", (name, asked, offered) => {
    expect(offerName({ name }, asked)).toBe(offered);
  });

  it.each(["a/b", "..", ".hidden", "-a", "a b", "x.sock", "a".repeat(64), "x".repeat(65), "a\n", "a\0"])(
    "is not %j",
    (asked) => {
      expect(() => offerName({ name: "acme/v:latest" }, asked)).toThrow("is no name for it");
    },
  );
});

describe("offeredInterfaces", () => {
  const of = (...Types: readonly string[]) =>
    offeredInterfaces(pluginConfigSchema.parse({ Interface: { Types } }));

  it("are those that work without the engine's own files", () => {
    const { implements: names, passes } = of(
      "docker.volumedriver/1.0",
      "docker.authz/1.0",
      "docker.logdriver/1.0",
      "docker.metricscollector/1.0",
      "example.networkdriver/1.0",
      "docker.constructor/1.0",
    );
    expect(names).toEqual(["VolumeDriver", "authz"]);
    expect(passes("VolumeDriver.Mount")).toBe(true);
    expect(passes("AuthZPlugin.AuthZReq")).toBe(true);
    for (const method of ["LogDriver.StartLogging", "NetworkDriver.Join", "authz.X", "VolumeDriver", ""]) {
      expect(passes(method)).toBe(false);
    }
  });
});

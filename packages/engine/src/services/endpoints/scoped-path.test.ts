import { describe, expect, it } from "vitest";
import { realScopedPath, scopedPath } from "./scoped-path.ts";

const paths = { rootfs: "/p/rootfs", propagatedMount: "/p/propagated-mount" };

describe("scopedPath", () => {
  it.each([
    ["/mnt/volumes/a", "/mnt/volumes", "/p/propagated-mount/a"],
    ["/mnt/volumes", "/mnt/volumes", "/p/propagated-mount"],
    ["/mnt/volumes2/a", "/mnt/volumes", "/p/rootfs/mnt/volumes2/a"],
    ["/mnt/volumes/../../etc", "/mnt/volumes", "/p/rootfs/etc"],
    ["/../../../etc/shadow", "", "/p/rootfs/etc/shadow"],
    ["relative/a", "/mnt", "/p/rootfs/relative/a"],
  ])("maps %s with the propagated mount %s to %s", (inside, mount, host) => {
    expect(scopedPath(inside, mount, paths)).toBe(host);
  });

  it("refuses a path that means the plugin's whole root", () => {
    expect(() => scopedPath("/mnt/..", "", paths)).toThrow("whole root");
  });
});

describe("realScopedPath", () => {
  const answer = (isRoot: boolean) => ({
    resolveInside: () => Promise.resolve({ path: "/p/rootfs", isDirectory: true, isRoot }),
  });
  const asked = { plugin: "acme/v:latest", inside: "/v", declaredMount: "/data", paths };

  it("refuses what turns out to be the plugin's whole root", async () => {
    await expect(realScopedPath(answer(true), asked)).rejects.toThrow(
      'plugin acme/v:latest answered the path "/v", which leads outside of its volumes',
    );
    expect(await realScopedPath(answer(false), asked)).toBe("/p/rootfs");
  });
});

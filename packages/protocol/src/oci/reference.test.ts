import { describe, expect, it } from "vitest";
import { canonicalName, familiarName, parseReference, withDefaultTag } from "./reference.ts";

describe("parseReference", () => {
  it.each([
    ["busybox", "docker.io/library/busybox:latest", "busybox:latest"],
    ["vieux/sshfs", "docker.io/vieux/sshfs:latest", "vieux/sshfs:latest"],
    ["docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
    ["index.docker.io/vieux/sshfs:v1", "docker.io/vieux/sshfs:v1", "vieux/sshfs:v1"],
    ["localhost/x", "localhost/x:latest", "localhost/x:latest"],
    ["localhost:5000/x/y:v1", "localhost:5000/x/y:v1", "localhost:5000/x/y:v1"],
    ["[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"],
    ["r.example/a__b-c", "r.example/a__b-c:latest", "r.example/a__b-c:latest"],
  ])("reads %s", (typed, canonical, familiar) => {
    const reference = withDefaultTag(parseReference(typed));
    expect(canonicalName(reference)).toBe(canonical);
    expect(familiarName(reference)).toBe(familiar);
  });

  it("keeps tag and digest", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    expect(canonicalName(withDefaultTag(parseReference(`x/y:v1@${digest}`)))).toBe(
      `docker.io/x/y:v1@${digest}`,
    );
    expect(familiarName(withDefaultTag(parseReference(`x/y@${digest}`)))).toBe(`x/y@${digest}`);
  });

  it.each([
    ["", "invalid reference format"],
    ["acme/X", "invalid reference format: repository name (acme/X) must be lowercase"],
    ["a//b", "invalid reference format"],
    ["a:", "invalid reference format"],
    ["a:b c", "invalid reference format"],
    ["a@sha256:12", "invalid reference format"],
    ["../../etc", "invalid reference format"],
    ["a".repeat(64), "cannot specify 64-byte hexadecimal strings"],
  ])("refuses %j: %s", (typed, message) => {
    expect(() => parseReference(typed)).toThrow(message);
  });
});

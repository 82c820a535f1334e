import { expect, test } from "vitest";
import { familiarTagged, localName, parseReference } from "./reference.ts";

const digest = `sha256:${"0".repeat(64)}`;

test.each([
  ["busybox", "busybox:latest"],
  ["docker.io/library/busybox:1", "busybox:1"],
  ["vieux/sshfs", "vieux/sshfs:latest"],
  ["localhost:5000/a/b", "localhost:5000/a/b:latest"],
  [`a/b@${digest}`, `a/b@${digest}`],
])("%s is %s to people", (text, familiar) => {
  expect(familiarTagged(parseReference(text))).toBe(familiar);
});

test.each([
  ["A B", "invalid reference format: repository name (library/A B) must be lowercase"],
  ["a b", "invalid reference format"],
  ["a:b:c", "invalid reference format"],
  ["", "invalid reference format"],
  ["0".repeat(64), "cannot specify 64-byte hexadecimal strings"],
])("refuses %j", (text, message) => {
  expect(() => parseReference(text)).toThrow(message);
});

test("a local name has no digest", () => {
  expect(localName("a/b")).toBe("a/b:latest");
  expect(() => localName(`a@${digest}`)).toThrow(`invalid name: a@${digest}`);
});

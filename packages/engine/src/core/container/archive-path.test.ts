import { expect, test } from "vitest";
import { goFileMode, leadsOut, parseArchivePath } from "./archive-path.ts";

test.each([
  ["regular files", 0o100644, 420],
  ["directories", 0o040755, 2147484141],
  ["symbolic links", 0o120777, 134218239],
  ["set-user-ID and sticky", 0o105755, 2 ** 23 + 2 ** 20 + 0o755],
])("the mode of %s is Go's", (_what, mode, expected) => {
  expect(goFileMode(mode)).toBe(expected);
});

test.each([
  ["/etc/passwd", ["etc", "passwd"], false, "passwd"],
  ["etc/", ["etc"], true, "etc"],
  ["/etc/.", ["etc"], true, "."],
  ["/", [], true, "/"],
  ["/a/../b", ["b"], false, "b"],
  ["../../x", ["x"], false, "x"],
])("the path %s is read", (path, parts, followLast, name) => {
  expect(parseArchivePath(path)).toEqual({ parts, followLast, name });
});

test.each([
  ["a/../b", false],
  ["../a", true],
  ["a/../../b", true],
  ["/a", false],
])("whether the entry %s leads out: %s", (path, expected) => {
  expect(leadsOut(path)).toBe(expected);
});

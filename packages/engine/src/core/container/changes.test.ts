import { expect, test } from "vitest";
import { changesView } from "./changes.ts";

test("what the engine prepares is not among the changes", () => {
  expect(
    changesView([
      { path: "/.dockerenv", kind: "added" },
      { path: "/dev", kind: "added" },
      { path: "/dev/console", kind: "added" },
      { path: "/etc", kind: "modified" },
      { path: "/etc/hosts", kind: "added" },
      { path: "/x", kind: "added" },
    ]),
  ).toEqual([{ Path: "/x", Kind: 1 }]);
});

test("a directory that the engine wrote to counts for what else changed in it", () => {
  expect(
    changesView([
      { path: "/etc", kind: "modified" },
      { path: "/etc/hosts", kind: "modified" },
      { path: "/etc/passwd", kind: "deleted" },
    ]),
  ).toEqual([
    { Path: "/etc", Kind: 0 },
    { Path: "/etc/passwd", Kind: 2 },
  ]);
});

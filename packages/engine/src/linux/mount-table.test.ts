import { expect, test } from "vitest";
import { mountsAtOrBelow, parseMountTable } from "./mount-table.ts";

const text = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:30 / /a/b\\040c/deep rw - tmpfs tmpfs rw
41 22 0:31 / /a/b\\040c rw shared:7 master:1 - tmpfs tmpfs rw
42 22 0:32 / /a/b\\040cd rw master:3 - tmpfs tmpfs rw
`;

test("reads mounts with their escapes and whether they are shared", () => {
  expect(parseMountTable(text)).toEqual([
    { id: 22, target: "/", type: "ext4", source: "/dev/vda", options: "rw", shared: true, slave: false },
    {
      id: 40,
      target: "/a/b c/deep",
      type: "tmpfs",
      source: "tmpfs",
      options: "rw",
      shared: false,
      slave: false,
    },
    { id: 41, target: "/a/b c", type: "tmpfs", source: "tmpfs", options: "rw", shared: true, slave: true },
    { id: 42, target: "/a/b cd", type: "tmpfs", source: "tmpfs", options: "rw", shared: false, slave: true },
  ]);
});

test("finds what is mounted at or below a directory, not beside it", () => {
  expect(mountsAtOrBelow(parseMountTable(text), "/a/b c")).toEqual(["/a/b c", "/a/b c/deep"]);
});

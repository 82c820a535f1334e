import { expect, it } from "vitest";
import { parseVolumeOptions } from "./volume-kind.ts";

it("makes a directory unless told otherwise", () => {
  expect(parseVolumeOptions({})).toEqual({ type: "directory" });
});

it.each(["10m", "4K", "1g", "65536", "50%", "100%"])("takes the tmpfs size %s", (size) => {
  expect(parseVolumeOptions({ type: "tmpfs", size })).toEqual({ type: "tmpfs", size });
});

it.each(["", "0", "10mb", "-1", "1m,uid=0", "101%", "0%"])("refuses the tmpfs size %j", (size) => {
  expect(() => parseVolumeOptions({ type: "tmpfs", size })).toThrow("is not a size such as 10m");
});

it.each([
  [{ size: "10m" }, 'option "size" needs type=tmpfs'],
  [{ type: "nfs" }, 'option "type": "nfs" is neither directory nor tmpfs'],
  [{ colour: "red" }, 'unknown option "colour" (known: type, size)'],
])("refuses %j", (options, reason) => {
  expect(() => parseVolumeOptions(options)).toThrow(reason);
});

import { expect, test } from "vitest";
import { meansContent, splitArgument } from "./copy-argument.ts";

test.each([
  ["c:/x", "c", "/x"],
  ["c:x:y", "c", "x:y"],
  ["/a:b", "", "/a:b"],
  ["./a:b", "", "./a:b"],
  ["a", "", "a"],
  ["-", "", "-"],
])("%s is container %j and path %j", (text, container, path) => {
  expect(splitArgument(text)).toEqual({ container, path });
});

test.each([
  ["a/.", true],
  [".", true],
  ["a", false],
  ["a/", false],
])("%s means the content of a directory: %s", (path, expected) => {
  expect(meansContent(path)).toBe(expected);
});

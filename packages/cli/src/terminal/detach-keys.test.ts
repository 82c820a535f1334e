import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";

test.each([
  ["ctrl-p,ctrl-q", [16, 17]],
  ["ctrl-@,a", [0, 97]],
  ["ctrl-[,ctrl-],ctrl-^,ctrl-_,ctrl-\\", [27, 29, 30, 31, 28]],
])("%s is %j", (keys, bytes) => {
  expect(parseDetachKeys(keys)).toEqual(bytes);
});

test.each(["", "ctrl-1", "ab", "a,,b"])("refuses %j", (keys) => {
  expect(() => parseDetachKeys(keys)).toThrow(`invalid detach keys (${keys})`);
});

test.each([
  [["ab"], "ab", false],
  [["\u0010", "\u0011", "after"], "", true],
  [["x\u0010\u0010\u0011"], "x\u0010", true],
  [["\u0010a"], "\u0010a", false],
  [["a\u0010"], "a\u0010", false],
])("of %j passes %j and detaches: %s", async (chunks, passed, detaches) => {
  let detached = false;
  const filter = new DetachFilter([16, 17], () => {
    detached = true;
  });
  for (const chunk of chunks) filter.write(chunk);
  filter.end();
  expect(await text(filter)).toBe(passed);
  expect(detached).toBe(detaches);
});

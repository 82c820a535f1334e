import { expect, test } from "vitest";
import { DetachScanner, parseDetachKeys } from "./detach-keys.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const typed = (scanner: DetachScanner, text: string): string => {
  const { passed, detached } = scanner.push(bytes(text));
  return String.fromCharCode(...passed) + (detached ? "<detached>" : "");
};

test.each([
  ["ctrl-p,ctrl-q", [16, 17]],
  ["a,ctrl-@,ctrl-],CTRL-A", [97, 0, 29, 1]],
  ["DEL", [127]],
  ["", []],
])("the keys %s are read", (text, keys) => {
  expect(parseDetachKeys(text)).toEqual(keys);
});

test.each(["foo", "ctrl-", "a,,b", "ctrl-1", "é"])("the keys '%s' are refused", (text) => {
  expect(() => parseDetachKeys(text)).toThrow(`Invalid detach keys (${text}) provided`);
});

test("the sequence is found across chunks and nothing of it is passed on", () => {
  const scanner = new DetachScanner([]);
  expect(typed(scanner, "ab\u0010")).toBe("ab");
  expect(typed(scanner, "\u0011rest")).toBe("<detached>");
});

test("a sequence that breaks off is passed on whole", () => {
  const scanner = new DetachScanner(parseDetachKeys("x,y,z"));
  expect(typed(scanner, "xy")).toBe("");
  expect(typed(scanner, "x")).toBe("xy");
  expect(typed(scanner, "a")).toBe("xa");
  expect(typed(scanner, "xyz")).toBe("<detached>");
});

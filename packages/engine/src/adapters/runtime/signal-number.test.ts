import { expect, test } from "vitest";
import { signalNumber } from "./signal-number.ts";

test.each([
  ["SIGTERM", 15],
  ["kill", 9],
  ["10", 10],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
])("%s is %d", (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

test.each(["", "0", "65", "SIGX", "SIGRTMIN+99", "-9"])("%j is none", (text) => {
  expect(() => signalNumber(text)).toThrow(`invalid signal: ${text}`);
});

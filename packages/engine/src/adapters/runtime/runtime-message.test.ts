import { expect, test } from "vitest";
import { runtimeMessage } from "./runtime-message.ts";

const line = (level: string, msg: string): string => `${JSON.stringify({ level, msg, time: "t" })}\n`;

test.each([
  [
    "the last error",
    line("warning", "w") + line("error", 'exec: "/x": no') + line("info", "i"),
    'exec: "/x": no',
  ],
  ["plain text", "runc: command line\nwrong\n", "runc: command line; wrong"],
  ["warnings where there is no error", line("warning", "a") + line("warning", "b"), "a; b"],
  ["nothing", "", ""],
])("answers %s", (_name, output, expected) => {
  expect(runtimeMessage(output)).toBe(expected);
});

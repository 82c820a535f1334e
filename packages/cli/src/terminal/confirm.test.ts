import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { describePrivileges } from "../plugin/privileges.ts";
import { testContext } from "../test-context.ts";
import { confirm } from "./confirm.ts";

test.each([
  ["y\n", true],
  ["Y\r\n", true],
  [" y \n", true],
  ["yes\n", false],
  ["n\n", false],
  ["\n", false],
  ["", false],
])("%j answers %s", async (input, expected) => {
  const context = testContext({ input });
  expect(await confirm(context, "Sure?")).toBe(expected);
  expect(context.printed()).toEqual({ out: "Sure? [y/N] ", err: "" });
});

test("a second question gets the second line", async () => {
  const context = testContext({ input: "n\ny\n" });
  expect(await confirm(context, "1")).toBe(false);
  expect(await confirm(context, "2")).toBe(true);
});

test("an interrupt ends the line and rejects", async () => {
  const stdin = new PassThrough();
  const context = testContext({ stdin });
  const answer = confirm(context, "Sure?");
  context.interrupts.raise("SIGINT");
  await expect(answer).rejects.toThrow("aborted");
  expect(context.printed().out).toBe("Sure? [y/N] \n");
  expect(context.interrupts.received).toBe("SIGINT");
});

test("the privileges prompt shows values as Go prints lists", () => {
  const text = describePrivileges("a/b", [
    { Name: "network", Description: "", Value: ["host"] },
    { Name: "capabilities", Description: "", Value: ["CAP_SYS_ADMIN", "CAP_CHOWN"] },
  ]);
  expect(text).toBe(
    'Plugin "a/b" is requesting the following privileges:\n - network: [host]\n' +
      " - capabilities: [CAP_SYS_ADMIN CAP_CHOWN]\nDo you grant the above permissions?",
  );
});

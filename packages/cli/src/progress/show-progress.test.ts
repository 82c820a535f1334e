import { PassThrough } from "node:stream";
import type { Progress } from "@davit/protocol";
import { expect, test } from "vitest";
import { progressBar } from "./progress-line.ts";
import { showProgress } from "./show-progress.ts";

async function* messages(...items: readonly Progress[]): AsyncGenerator<Progress> {
  yield* items;
}

async function show(terminal: boolean, ...items: readonly Progress[]): Promise<string> {
  const sink = Object.assign(new PassThrough(), terminal ? { isTTY: true, columns: 120 } : {});
  const failure = await showProgress(messages(...items), sink).catch((error: unknown) => error);
  const text = String(sink.read() ?? "");
  return failure instanceof Error ? `${text}!${failure.message}` : text;
}

const download: Progress = { id: "abc", status: "Downloading", progressDetail: { current: 50, total: 100 } };

test("prints a line per status without a terminal, and no amounts", async () => {
  expect(
    await show(false, { id: "latest", status: "Pulling from a/b" }, download, {
      id: "abc",
      status: "Complete",
      progressDetail: {},
    }),
  ).toBe("latest: Pulling from a/b\nabc: Complete\n");
});

test("redraws a line per id on a terminal", async () => {
  const done: Progress = { id: "abc", status: "Complete", progressDetail: {} };
  const other: Progress = { id: "def", status: "Waiting", progressDetail: {} };
  const bar = `[${"=".repeat(25)}>${" ".repeat(25)}]      50B/100B`;
  expect(await show(true, download, other, done)).toBe(
    `\n\u001B[1A\u001B[2K\rabc: Downloading ${bar}\r\u001B[1B` +
      "\n\u001B[1A\u001B[2K\rdef: Waiting\r\u001B[1B" +
      "\u001B[2A\u001B[2K\rabc: Complete\r\u001B[2B",
  );
});

test("hands aux on and fails with the stream's own error", async () => {
  expect(await show(false, { aux: { Tag: "v1" } }, { errorDetail: { message: "no" }, error: "no" })).toBe(
    "!no",
  );
});

test.each([
  [{}, 120, ""],
  [{ current: 5 }, 120, "      5B"],
  [{ current: 1, total: 3 }, 80, "      1B/3B"],
  [{ current: 4, total: 3 }, 80, "      4B"],
])("%j at %d columns is %j", (detail, columns, expected) => {
  expect(progressBar(detail, columns)).toBe(expected);
});

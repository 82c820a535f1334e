import type { Progress } from "@davit/protocol";
import { expect, test } from "vitest";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { humanSize, LayerProgress, progressBar } from "./pull-progress.ts";

test("no more run at a time than allowed, in the order in which they came", async () => {
  const limit = new ConcurrencyLimit(2);
  const log: string[] = [];
  const gates = ["a", "b", "c"].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const running = gates.map(({ name, promise }) =>
    limit.run(
      async () => {
        log.push(`start ${name}`);
        await promise;
      },
      () => log.push(`wait ${name}`),
    ),
  );
  expect(log).toEqual(["start a", "start b", "wait c"]);
  gates[1]?.reject(new Error("b"));
  await expect(running[1]).rejects.toThrow("b");
  expect(log.at(-1)).toBe("start c");
  gates[0]?.resolve();
  gates[2]?.resolve();
  await Promise.all([running[0], running[2]]);
});

test.each([
  [0, "0B"],
  [999, "999B"],
  [1234, "1.234kB"],
  [1_234_567, "1.235MB"],
  [5_000_000_000, "5GB"],
])("%i bytes are %s", (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});

test("a bar shows how far it is", () => {
  expect(progressBar(0, 100)).toBe(`[>${" ".repeat(49)}]  0B/100B`);
  expect(progressBar(50, 100)).toBe(`[${"=".repeat(25)}>${" ".repeat(24)}]  50B/100B`);
  expect(progressBar(100, 100)).toBe(`[${"=".repeat(49)}>]  100B/100B`);
});

test("the first and the last report are given, those in quick succession between them are not", () => {
  const lines: Progress[] = [];
  const report = new LayerProgress(`sha256:${"a".repeat(64)}`, (line) => lines.push(line)).bytes("D", 100);
  for (let current = 0; current <= 100; current++) report(current, 100);
  expect(lines.map(({ id, progressDetail }) => [id, progressDetail?.current])).toEqual([
    ["aaaaaaaaaaaa", 0],
    ["aaaaaaaaaaaa", 100],
  ]);
});

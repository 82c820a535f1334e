import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConmonOutputFile } from "./conmon-output-file.ts";

const output = new ConmonOutputFile();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync("/tmp/dvo-");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const record = "2026-01-02T03:04:05.123456789+00:00 stdout F x\n";

test("records end before the one that a full disk has cut", async () => {
  const path = `${dir}/o`;
  expect(await output.endOfRecords(path)).toBe(0);
  writeFileSync(path, "");
  expect(await output.endOfRecords(path)).toBe(0);
  writeFileSync(path, record.slice(0, 20));
  expect(await output.endOfRecords(path)).toBe(0);
  writeFileSync(path, record.repeat(9_000));
  expect(await output.endOfRecords(path)).toBe(record.length * 9_000);
  appendFileSync(path, record.slice(0, 20));
  expect(await output.endOfRecords(path)).toBe(record.length * 9_000);
});

test("a hole is passed over, and what comes behind it is read", async () => {
  const path = `${dir}/o`;
  writeFileSync(path, Buffer.alloc(5_000_000));
  appendFileSync(path, `\n${record}`);
  const options = { from: 0, ended: Promise.resolve(), signal: new AbortController().signal };
  const found: string[] = [];
  let end = 0;
  for await (const { records, endOffset } of output.follow(path, options)) {
    for (const one of records) found.push(one.stream === "mark" ? "mark" : Buffer.from(one.bytes).toString());
    end = endOffset;
  }
  expect(found).toEqual(["x"]);
  expect(end).toBe(5_000_001 + record.length);
});

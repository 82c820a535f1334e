import { appendFileSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogEntry, LogQuery } from "../../core/ports/logs.ts";
import { K8sFileLogs } from "./k8s-file-logs.ts";

const logs = new K8sFileLogs();
let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp("/tmp/dvl-");
  path = `${dir}/log`;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const record = (content: string | Buffer, { stream = "stdout", flag = "F", second = 0 } = {}): Buffer =>
  Buffer.concat([
    Buffer.from(`2026-01-02T03:04:${String(second).padStart(2, "0")}.123456789+01:00 ${stream} ${flag} `),
    Buffer.from(content),
    Buffer.from("\n"),
  ]);

const text = (entry: LogEntry): string => Buffer.from(entry.bytes).toString();

async function texts(query: LogQuery = {}): Promise<readonly string[]> {
  const result: string[] = [];
  for await (const entry of logs.read(path, query)) result.push(text(entry));
  return result;
}

test("reads time, stream, bytes and the partial flag", async () => {
  const bytes = Buffer.from([0xff, 0x00, 0x20, 0x46, 0xc3]);
  writeFileSync(path, Buffer.concat([record(bytes, { stream: "stderr", flag: "P" }), record("")]));
  const entries: LogEntry[] = [];
  for await (const entry of logs.read(path, {})) entries.push(entry);
  expect(entries).toEqual([
    {
      timestamp: "2026-01-02T02:04:00.123456789Z",
      stream: "stderr",
      bytes,
      partial: true,
    },
    expect.objectContaining({ bytes: Buffer.alloc(0), stream: "stdout", partial: false }),
  ]);
});

test("a file that is not there is empty", async () => {
  expect(await texts()).toEqual([]);
});

test("leaves out what is no record and an unfinished one at the end", async () => {
  writeFileSync(
    path,
    Buffer.concat([record("a"), Buffer.from("garbage\n"), record("b"), Buffer.from("2026-01")]),
  );
  expect(await texts()).toEqual(["a", "b"]);
});

test("keeps to the times asked for", async () => {
  writeFileSync(path, Buffer.concat([0, 1, 2, 3].map((second) => record(`s${second}`, { second }))));
  const since = new Date("2026-01-02T02:04:01Z");
  const before = new Date("2026-01-02T02:04:03Z");
  expect(await texts({ since, before })).toEqual(["s1", "s2"]);
});

test("any tail of any log is what reading it whole would end with", async () => {
  const line = fc.record({
    size: fc.oneof(fc.nat(20), fc.integer({ min: 30_000, max: 70_000 })),
    flag: fc.constantFrom("F", "F", "P"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.nat(8), async (lines, tail) => {
      writeFileSync(path, Buffer.concat(lines.map(({ size, flag }) => record("x".repeat(size), { flag }))));
      let count = 0;
      const expected = lines.toReversed().filter(({ flag }, index) => {
        if (flag === "F" || index === 0) count += 1;
        return count <= tail;
      });
      expect((await texts({ tail })).map((part) => part.length)).toEqual(
        expected.toReversed().map(({ size }) => size),
      );
    }),
    { numRuns: 60 },
  );
});

test("a followed log gives what is written from then on, and ends with `until` after the last of it", async () => {
  const { promise: until, resolve: end } = Promise.withResolvers<void>();
  const reading = logs.read(path, { follow: true, until })[Symbol.asyncIterator]();
  const next = reading.next();
  writeFileSync(path, record("one"));
  expect((await next).value.bytes.toString()).toBe("one");
  const second = reading.next();
  const two = record("two");
  appendFileSync(path, two.subarray(0, 10));
  appendFileSync(path, two.subarray(10));
  expect((await second).value.bytes.toString()).toBe("two");
  appendFileSync(path, record("three"));
  end();
  expect((await reading.next()).value.bytes.toString()).toBe("three");
  expect((await reading.next()).done).toBe(true);
});

test("follows a log into the one that replaces it, and back to the start of one that is cut", async () => {
  writeFileSync(path, record("old"));
  const reading = logs.read(path, { follow: true, tail: 0 })[Symbol.asyncIterator]();
  const first = reading.next();
  appendFileSync(path, record("last of old"));
  expect((await first).value.bytes.toString()).toBe("last of old");
  writeFileSync(`${path}.tmp`, record("first of new"));
  renameSync(`${path}.tmp`, path);
  expect((await reading.next()).value.bytes.toString()).toBe("first of new");
  truncateSync(path, 0);
  const afterCut = reading.next();
  appendFileSync(path, record("x"));
  expect((await afterCut).value.bytes.toString()).toBe("x");
  await reading.return?.(undefined);
});

test("a canceled reader ends with the kind canceled", async () => {
  const controller = new AbortController();
  const next = logs.read(path, { follow: true, signal: controller.signal })[Symbol.asyncIterator]().next();
  controller.abort();
  await expect(next).rejects.toMatchObject({ kind: "canceled" });
});

test("a reader that a hole has overtaken goes on behind it, and holds none of it", async () => {
  writeFileSync(path, record("before"));
  const { size } = statSync(path);
  const hole = 100 * 1024 * 1024;
  truncateSync(path, size + hole);
  appendFileSync(path, `\n${record("after").toString()}`);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const shown: string[] = [];
  for await (const { bytes } of logs.read(path, {})) {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    shown.push(Buffer.from(bytes).toString());
  }
  expect(shown).toEqual(["before", "after"]);
  expect(most).toBeLessThan(hole / 2);
});

import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FileLimits } from "../../core/log/log-config.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { JsonLog, LogQuery } from "../../core/ports/logs.ts";
import { JsonFileLogs } from "./json-file-log.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp("/tmp/dvj-");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
const unlimited: FileLimits = { maxBytes: Number.POSITIVE_INFINITY, maxFiles: 1, compress: false };
const open = (limits: FileLimits = unlimited): JsonLog =>
  new JsonFileLogs(silent).open({ path: `${dir}/log`, statePath: `${dir}/state`, limits });

const line = (index: number, size = 0): string =>
  `${JSON.stringify({
    log: `${index} ${"é".repeat(size)}\n`,
    stream: "stdout",
    time: `2026-01-02T03:04:05.${String(index).padStart(9, "0")}Z`,
  })}\n`;
const going = { attributes: "", isNewRun: false, outputEnd: 0 };
const fresh = { attributes: "", isNewRun: true, outputEnd: 0 };
const at = (offset: number) => ({ offset, pending: {} });

/** The files in order, with what is compressed as it was. */
function written(): string {
  const age = (name: string): number => Number(/\.(\d+)/.exec(name)?.[1] ?? 0);
  return readdirSync(dir)
    .filter((name) => /^log(\.\d+(\.gz)?)?$/.test(name))
    .toSorted((a, b) => age(b) - age(a))
    .map((name) => {
      const bytes = readFileSync(`${dir}/${name}`);
      return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
    })
    .join("");
}

async function texts(log: JsonLog, query: LogQuery = {}): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const entries of log.read(query)) {
    found.push(...entries.map(({ bytes }) => Buffer.from(bytes).toString()));
  }
  return found;
}

test("what is written from the output is there once, wherever the engine was killed", async () => {
  const sizes = fc.array(fc.nat(60), { minLength: 1, maxLength: 20 });
  const kill = fc.record({ after: fc.nat(20), tornBytes: fc.nat(200), save: fc.boolean() });
  const limits = fc.constantFrom(
    unlimited,
    { maxBytes: 400, maxFiles: 100, compress: false },
    { maxBytes: 400, maxFiles: 100, compress: true },
  );
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(kill, { maxLength: 3 }), limits, async (all, kills, limit) => {
      await rm(dir, { recursive: true, force: true });
      dir = await mkdtemp("/tmp/dvj-");
      const lines = all.map((size, index) => line(index, size));
      for (const { after, tornBytes, save } of [...kills, { after: 1000, tornBytes: 0, save: true }]) {
        const log = open(limit);
        const { position } = await log.resume(going);
        for (const [index, text] of lines.slice(position.offset, position.offset + after).entries()) {
          await log.write([text], at(position.offset + index + 1));
          if (save && index % 3 === 0) await log.save();
        }
        await log.close();
        // Killed in the middle of a write: the end of the last one is missing.
        const before = readFileSync(`${dir}/state`, "utf8");
        const { fileBytes } = JSON.parse(before);
        const size = readFileSync(`${dir}/log`).length;
        if (tornBytes > 0) truncateSync(`${dir}/log`, Math.max(fileBytes, size - tornBytes));
      }
      expect(written()).toBe(lines.join(""));
    }),
    { numRuns: 25 },
  );
}, 60_000);

test("a change of files that was not noted is known by the file", async () => {
  const limits = { maxBytes: 300, maxFiles: 5, compress: false };
  const log = open(limits);
  await log.resume(fresh);
  const lines = Array.from({ length: 9 }, (_, index) => line(index));
  await log.write(lines.slice(0, 2), at(2));
  await log.save();
  await log.write(lines.slice(2, 4), at(4));
  await log.close();
  await rename(`${dir}/log`, `${dir}/log.1`);
  const next = open(limits);
  expect((await next.resume(going)).position).toEqual(at(2));
  await next.write(lines.slice(2), at(9));
  await next.close();
  expect(written()).toBe(lines.join(""));
});

test("keeps as many files as it may, each of its size and the line that goes over it", async () => {
  const log = open({ maxBytes: 200, maxFiles: 3, compress: true });
  await log.resume(fresh);
  for (let index = 0; index < 50; index += 1) await log.write([line(index)], at(index));
  await log.close();
  expect(readdirSync(dir).toSorted()).toEqual(["log", "log.1.gz", "log.2.gz", "state"]);
  expect(await texts(open({ maxBytes: 200, maxFiles: 3, compress: true }), { tail: 5 })).toEqual([
    "45 ",
    "46 ",
    "47 ",
    "48 ",
    "49 ",
  ]);
});

test("one file only is begun anew", async () => {
  const log = open({ maxBytes: 200, maxFiles: 1, compress: false });
  await log.resume(fresh);
  for (let index = 0; index < 50; index += 1) await log.write([line(index)], at(index));
  await log.close();
  expect(readdirSync(dir).toSorted()).toEqual(["log", "state"]);
  expect(readFileSync(`${dir}/log`, "utf8").length).toBeLessThan(300);
});

test("a follower reads through changes of files, however far behind", async () => {
  const log = open({ maxBytes: 100, maxFiles: 50, compress: false });
  await log.resume(fresh);
  const { promise: until, resolve: end } = Promise.withResolvers<void>();
  const reading = texts(log, { follow: true, until });
  for (let index = 0; index < 40; index += 1) await log.write([line(index)], at(index));
  end();
  expect(await reading).toEqual(Array.from({ length: 40 }, (_, index) => `${index} `));
});

test("a file that somebody empties is gone on with", async () => {
  const log = open();
  await log.resume(fresh);
  await log.write([line(1)], at(1));
  await log.save();
  truncateSync(`${dir}/log`, 0);
  await log.write([line(2)], at(2));
  await log.close();
  const next = open();
  await next.resume(going);
  await next.write([line(3)], at(3));
  expect(await texts(next)).toEqual(expect.arrayContaining(["3 "]));
});

test("passes over what is no line of its own", async () => {
  await writeFile(`${dir}/log`, `${line(1)}garbage\n{"log":1}\n${line(2)}{"log":"torn`);
  expect(await texts(open())).toEqual(["1 ", "2 "]);
  writeFileSync(`${dir}/log`, "");
  expect(await texts(open())).toEqual([]);
});

test("goes on at the end of the output when nothing tells how far it is", async () => {
  const log = open();
  await log.resume(fresh);
  await log.write([line(1)], at(1));
  await log.close();
  writeFileSync(`${dir}/state`, "");
  expect(await open().saved()).toBeUndefined();
  expect((await open().resume({ ...going, outputEnd: 7 })).position).toEqual(at(7));
});

test("goes on in a new file when the newest was taken away, and loses none of the older ones", async () => {
  const log = open({ maxBytes: 50, maxFiles: 3, compress: false });
  await log.resume(fresh);
  await log.write([line(1)], at(1));
  await log.write([line(2)], at(2));
  // As after a change of files that has failed half-way, for want of room for the new one.
  await rm(`${dir}/log`);
  await log.write([line(3)], at(3));
  await log.write([line(4)], at(4));
  expect(await texts(log)).toEqual(["1 ", "3 ", "4 "]);
  await log.close();
});

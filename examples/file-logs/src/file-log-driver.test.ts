import { appendFile, mkdtemp, readdir, rm } from "node:fs/promises";
import type { LogContainer, LogLine, LogQuery } from "@davit/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileLogDriver } from "./file-log-driver.ts";

let dir: string;
let driver: FileLogDriver;
beforeEach(async () => {
  dir = await mkdtemp("/tmp/fl-");
  driver = await FileLogDriver.open(dir);
});
afterEach(() => rm(dir, { recursive: true }));

const container: LogContainer = {
  id: "c1",
  name: "web",
  entrypoint: "sh",
  args: [],
  imageId: "",
  imageName: "",
  createdAt: new Date(0),
  env: [],
  labels: {},
  options: {},
};
const line = (index: number, bytes: Uint8Array = Buffer.from(`line ${String(index)}`)): LogLine => ({
  source: "stdout",
  timeNano: BigInt(index) * 1_000_000_000n,
  line: bytes,
  partial: false,
});
async function* lines(...all: readonly LogLine[]): AsyncGenerator<LogLine> {
  yield* all;
}
const call = { signal: new AbortController().signal };

async function read(query: Partial<LogQuery> = {}): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const each of driver.read(container, { follow: false, ...query }, call)) {
    found.push(Buffer.from(each.line).toString("latin1"));
  }
  return found;
}

test("gives back what it has taken, byte for byte, run after run, and passes over what a crash has cut", async () => {
  await driver.log(container, lines(line(1), line(2, Buffer.from([0xff, 0x0a, 0x00]))));
  await driver.log(container, lines(line(3)));
  await appendFile(`${dir}/c1.log`, '{"source":"std');
  expect(await read()).toEqual(["line 1", "\u00ff\n\u0000", "line 3"]);
});

test("keeps to times and to the number of lines", async () => {
  await driver.log(container, lines(line(1), line(2), line(3), line(4)));
  expect(await read({ tail: 2 })).toEqual(["line 3", "line 4"]);
  expect(await read({ tail: 0 })).toEqual([]);
  expect(await read({ since: new Date(2_000), until: new Date(3_000) })).toEqual(["line 2", "line 3"]);
  expect(await read({ since: new Date(9_000) })).toEqual([]);
});

test("follows a run to its end", async () => {
  const { promise: more, resolve: goOn } = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<LogLine> {
    yield line(1);
    await more;
    yield line(2);
  }
  await driver.log(container, lines(line(0)));
  const logging = driver.log(container, slow());
  const reading = driver.read(container, { follow: true }, call);
  expect((await reading.next()).value).toMatchObject({ timeNano: 0n });
  expect((await reading.next()).value).toMatchObject({ timeNano: 1_000_000_000n });
  goOn();
  expect((await reading.next()).value).toMatchObject({ timeNano: 2_000_000_000n });
  await logging;
  expect((await reading.next()).done).toBe(true);
});

test("a container that never wrote has nothing to read", async () => {
  expect(await read()).toEqual([]);
});

test("takes a prefix of names, and refuses what it does not know", async () => {
  const options = { prefix: "web-", mode: "non-blocking" };
  driver.accept({ ...container, options });
  await driver.log({ ...container, options }, lines(line(1)));
  expect(await readdir(dir)).toEqual(["web-c1.log"]);
  for (const wrong of [{ prefix: "../x" }, { nosuch: "1" }]) {
    expect(() => driver.accept({ ...container, options: wrong })).toThrow(/prefix|nosuch/);
  }
});

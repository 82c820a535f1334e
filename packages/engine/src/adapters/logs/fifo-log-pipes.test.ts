import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogPipe } from "../../core/ports/log-pipes.ts";
import { FifoLogPipes } from "./fifo-log-pipes.ts";

const pipes = new FifoLogPipes();
let dir: string;
const opened: LogPipe[] = [];
beforeEach(async () => {
  dir = await mkdtemp("/tmp/dvf-");
});
afterEach(async () => {
  for (const pipe of opened.splice(0)) pipe.close();
  await rm(dir, { recursive: true, force: true });
});

const make = async (name = "p"): Promise<LogPipe> => {
  const pipe = await pipes.make(`${dir}/logging/${name}`);
  opened.push(pipe);
  return pipe;
};
const never = new AbortController().signal;
const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(120);

/** What can be read now. */
function drain(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readSync(fd, new Uint8Array(1 << 20));
  } finally {
    closeSync(fd);
  }
}

test("is for root alone, and takes what fits without a reader", async () => {
  const pipe = await make();
  await pipe.write(bytes(60_000), never);
  expect(pipe.writtenBytes).toBe(60_000);
  expect(statSync(`${dir}/logging/p`).mode & 0o777).toBe(0o700);
  expect(statSync(`${dir}/logging`).mode & 0o777).toBe(0o700);
  await pipe.remove();
  expect(existsSync(`${dir}/logging/p`)).toBe(false);
});

test("goes on when its reader does", async () => {
  const pipe = await make();
  const writing = pipe.write(bytes(200_000), never);
  let read = 0;
  while (read < 200_000) {
    read += await new Promise<number>((resolve) => {
      setImmediate(() => resolve(pipe.writtenBytes > read ? drain(`${dir}/logging/p`) : 0));
    });
  }
  await writing;
  expect(read).toBe(200_000);
});

test("takes back what nobody has read, to the byte", async () => {
  const pipe = await make();
  await pipe.write(bytes(5_000), never);
  expect(drain(`${dir}/logging/p`)).toBe(5_000);
  await pipe.write(bytes(700), never);
  expect(pipe.takeBack()).toBe(700);
  expect(pipe.takeBack()).toBe(0);
});

test("a write that is canceled tells how much was taken", async () => {
  const pipe = await make();
  const controller = new AbortController();
  const writing = pipe.write(bytes(100_000), controller.signal);
  setImmediate(() => controller.abort());
  await expect(writing).rejects.toMatchObject({ kind: "canceled" });
  expect(pipe.takeBack()).toBe(pipe.writtenBytes);
});

test("does not write to what has been put in its place", async () => {
  writeFileSync(`${dir}/victim`, "");
  await make("first");
  rmSync(`${dir}/logging/first`);
  symlinkSync(`${dir}/victim`, `${dir}/logging/first`);
  await expect(pipes.make(`${dir}/logging/first`)).rejects.toThrow("make log pipe");
  expect(await readFile(`${dir}/victim`, "utf8")).toBe("");
});

test("is abandoned when its reader has gone, keeps what that has not read, and takes no more", async () => {
  const pipe = await make();
  await pipe.write(bytes(500), never);
  expect(pipe.isAbandoned()).toBe(false);
  const reader = openSync(`${dir}/logging/p`, constants.O_RDONLY | constants.O_NONBLOCK);
  await pipe.write(bytes(200), never);
  readSync(reader, new Uint8Array(100));
  closeSync(reader);
  expect(pipe.isAbandoned()).toBe(true);
  await expect(pipe.write(bytes(1), never)).rejects.toMatchObject({ kind: "unavailable" });
  expect(pipe.takeBack()).toBe(600);
});

test("is not abandoned while another reads on", async () => {
  const pipe = await make();
  const readers = [1, 2].map(() => openSync(`${dir}/logging/p`, constants.O_RDONLY | constants.O_NONBLOCK));
  expect(pipe.isAbandoned()).toBe(false);
  closeSync(readers[0] ?? -1);
  expect(pipe.isAbandoned()).toBe(false);
  closeSync(readers[1] ?? -1);
  expect(pipe.isAbandoned()).toBe(true);
});

test("two hundred readers that read nothing hold nobody up", async () => {
  const all = await Promise.all(Array.from({ length: 200 }, (_, index) => make(String(index))));
  const controller = new AbortController();
  const writes = all.map((pipe) => pipe.write(bytes(300_000), controller.signal));
  const settled = Promise.allSettled(writes);
  const before = performance.now();
  // These need the threads that a write to a full pipe would hold.
  for (let index = 0; index < 50; index += 1) await readFile("/proc/self/stat");
  expect(performance.now() - before).toBeLessThan(2_000);
  controller.abort();
  const outcomes = await settled;
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(200);
});

import { expect, test } from "vitest";
import { endsWithin } from "./ends-within.ts";
import { ExitWaiters } from "./exit-waiters.ts";
import { OutputReaders } from "./output-readers.ts";

test("an exit is told to those who wait for it, a removal to everybody", async () => {
  const waiters = new ExitWaiters();
  const stopped = waiters.wait("a", "not-running");
  const next = waiters.wait("a", "next-exit");
  const removed = waiters.wait("a", "removed");
  const other = waiters.wait("b", "next-exit");
  waiters.exited("a", { exitCode: 3 });
  expect(await Promise.all([stopped, next])).toEqual([3, 3]);
  waiters.removed("a", 4);
  expect(await removed).toBe(4);
  waiters.removed("b", 5);
  expect(await other).toBe(5);
});

test("who gives up waiting is told of it", async () => {
  const waiters = new ExitWaiters();
  const controller = new AbortController();
  const waiting = waiters.wait("a", "removed", controller.signal);
  controller.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  await expect(waiters.wait("a", "removed", controller.signal)).rejects.toThrow("gone");
});

test("an end in time is noticed, a late one is not waited for", async () => {
  expect(await endsWithin(Promise.resolve(), 10, undefined)).toBe(true);
  expect(await endsWithin(Promise.resolve(), -1, undefined)).toBe(true);
  expect(await endsWithin(new Promise(() => undefined), 0, undefined)).toBe(false);
  await expect(endsWithin(new Promise(() => undefined), -1, AbortSignal.abort())).rejects.toMatchObject({
    kind: "canceled",
  });
});

test("readers of a run end with it, and are waited for", async () => {
  const readers = new OutputReaders();
  const ended = readers.endOfRun("a");
  const source = async function* () {
    yield "first";
    await ended;
    yield "last";
  };
  const reading = readers.hold("a", source());
  expect((await reading.next()).value).toBe("first");
  const drained = readers.drained("a", 60_000);
  readers.endRun("a");
  expect((await reading.next()).value).toBe("last");
  expect((await reading.next()).done).toBe(true);
  expect(await drained).toBe(true);
});

test("a reader who stopped reading holds nothing up for ever", async () => {
  const readers = new OutputReaders();
  const reading = readers.hold(
    "a",
    (async function* () {
      yield 1;
      yield 2;
    })(),
  );
  await reading.next();
  expect(await readers.drained("a", 1)).toBe(false);
  await reading.return();
  expect(await readers.drained("a", 60_000)).toBe(true);
});

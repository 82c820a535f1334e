import { expect, test } from "vitest";
import { Restarts, type TakeRestart } from "./restarts.ts";

/** Has a container fall due, as one whose delay is over while others still hold its queue. */
function fallDue(restarts: Restarts, id: string): Promise<TakeRestart> {
  return new Promise((resolve) => {
    restarts.onDue((_id, take) => resolve(take));
    restarts.scheduleNow(id);
  });
}

test("a restart that has fallen due is taken once", async () => {
  const take = await fallDue(new Restarts(), "a");
  expect([take(), take()]).toEqual([true, false]);
});

test("a restart that has fallen due can still be called off", async () => {
  const restarts = new Restarts();
  const take = await fallDue(restarts, "a");
  restarts.cancel("a");
  expect(take()).toBe(false);
});

test("a restart that has fallen due gives way to one that is planned after it, and to closing", async () => {
  const restarts = new Restarts();
  const first = await fallDue(restarts, "a");
  const second = await fallDue(restarts, "a");
  expect(first()).toBe(false);
  restarts.close();
  expect(second()).toBe(false);
  expect(restarts.closed.aborted).toBe(true);
});

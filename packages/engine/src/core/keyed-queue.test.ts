import { describe, expect, it } from "vitest";
import { KeyedQueue } from "./keyed-queue.ts";

describe("KeyedQueue", () => {
  it("runs work of one key in order, also after a failure", async () => {
    const queue = new KeyedQueue();
    const order: number[] = [];
    const gate = Promise.withResolvers<void>();
    const first = queue.run("a", async () => {
      await gate.promise;
      order.push(1);
      throw new Error("first failed");
    });
    const second = queue.run("a", async () => {
      order.push(2);
    });
    gate.resolve();
    await expect(first).rejects.toThrow("first failed");
    await second;
    expect(order).toEqual([1, 2]);
  });

  it("does not hold one key's work behind another's", async () => {
    const queue = new KeyedQueue();
    const gate = Promise.withResolvers<void>();
    const stuck = queue.run("a", () => gate.promise);
    await expect(queue.run("b", () => Promise.resolve("done"))).resolves.toBe("done");
    gate.resolve();
    await stuck;
    await queue.idle();
  });
});

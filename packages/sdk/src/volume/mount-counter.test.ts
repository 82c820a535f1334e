import { expect, it } from "vitest";
import { MountCounter } from "./mount-counter.ts";

function recorder(counter: MountCounter) {
  const done: string[] = [];
  return {
    done,
    mount: (name: string, id: string) => counter.mount({ name, id }, () => void done.push(`+${name}`)),
    unmount: (name: string, id: string) => counter.unmount({ name, id }, () => void done.push(`-${name}`)),
  };
}

it("provisions for the first ID and releases after the last", async () => {
  const { done, mount, unmount } = recorder(new MountCounter());
  await mount("v", "a");
  await mount("v", "b");
  await unmount("v", "a");
  expect(done).toEqual(["+v"]);
  await unmount("v", "b");
  expect(done).toEqual(["+v", "-v"]);
});

it("wants an ID that was mounted twice unmounted twice", async () => {
  const counter = new MountCounter();
  const { done, mount, unmount } = recorder(counter);
  await mount("v", "a");
  await mount("v", "a");
  await unmount("v", "a");
  expect(counter.isMounted("v")).toBe(true);
  await unmount("v", "a");
  expect(done).toEqual(["+v", "-v"]);
  expect(counter.isMounted("v")).toBe(false);
});

it("ignores an unknown ID while others hold the volume", async () => {
  const { done, mount, unmount } = recorder(new MountCounter());
  await mount("v", "a");
  await unmount("v", "stranger");
  expect(done).toEqual(["+v"]);
});

it("releases for an unknown ID when nobody is known to hold the volume", async () => {
  const { done, unmount } = recorder(new MountCounter());
  await unmount("v", "a");
  expect(done).toEqual(["-v"]);
});

it("keeps no reference of a mount that failed", async () => {
  const counter = new MountCounter();
  const failing = counter.mount({ name: "v", id: "a" }, () => {
    throw new Error("no such device");
  });
  await expect(failing).rejects.toThrow("no such device");
  expect(counter.isMounted("v")).toBe(false);
});

it("keeps the reference of an unmount that failed", async () => {
  const counter = new MountCounter({ v: { a: 1 } });
  const failing = counter.unmount({ name: "v", id: "a" }, () => {
    throw new Error("busy");
  });
  await expect(failing).rejects.toThrow("busy");
  expect(counter.counts()).toEqual({ v: { a: 1 } });
});

it("does work on one volume in turn and on others meanwhile", async () => {
  const counter = new MountCounter();
  const slow = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = counter.mount({ name: "v", id: "a" }, async () => {
    order.push("v begins");
    await slow.promise;
    order.push("v ends");
  });
  const second = counter.mount({ name: "v", id: "b" }, () => void order.push("v again"));
  await counter.mount({ name: "w", id: "c" }, () => void order.push("w"));
  slow.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(["v begins", "w", "v ends"]);
});

it("serves the next in line after a failure", async () => {
  const counter = new MountCounter();
  const failing = counter.mount({ name: "v", id: "a" }, async () => {
    throw new Error("first try");
  });
  const next = counter.mount({ name: "v", id: "b" }, () => undefined);
  await expect(failing).rejects.toThrow("first try");
  await next;
  expect(counter.counts()).toEqual({ v: { b: 1 } });
});

it("takes up the counts it gave before a restart", async () => {
  const before = new MountCounter();
  await before.mount({ name: "__proto__", id: "a" }, () => undefined);
  const kept: unknown = JSON.parse(JSON.stringify(before.counts()));
  expect(JSON.stringify(kept)).toBe('{"__proto__":{"a":1}}');
  const { done, mount, unmount } = recorder(new MountCounter({ v: { a: 2 } }));
  await mount("v", "b");
  await unmount("v", "a");
  await unmount("v", "a");
  await unmount("v", "b");
  expect(done).toEqual(["-v"]);
});

it("drops every reference on removal", async () => {
  const counter = new MountCounter({ v: { a: 2, b: 1 } });
  await counter.drop("v", () => undefined);
  expect(counter.counts()).toEqual({});
});

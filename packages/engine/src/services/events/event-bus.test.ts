import type { Event } from "@davit/protocol";
import { expect, test, vi } from "vitest";
import type { EventFact, EventQuery } from "../../core/events.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { EventBus } from "./event-bus.ts";

const warnings: string[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_fields, message) => warnings.push(message),
  error: () => undefined,
  child: () => logger,
};

const bus = (now: () => number = Date.now): EventBus => new EventBus({ now, logger });
const all: EventQuery = { since: undefined, until: undefined, matches: () => true };
const fact = (id: string, over: Partial<EventFact> = {}): EventFact => ({
  type: "plugin",
  action: "enable",
  id,
  attributes: { name: "a:latest" },
  ...over,
});

async function collect(events: AsyncIterable<Event>): Promise<Event[]> {
  const result: Event[] = [];
  for await (const event of events) result.push(event);
  return result;
}

const ids = (events: readonly Event[]): string[] => events.map((event) => event.Actor.ID);

test("times increase even when the clock stands still", async () => {
  const events = bus(() => 1_700_000_000_123.456);
  events.publish(fact("a"));
  events.publish(fact("b"));
  const [first, second] = await collect(events.subscribe({ ...all, since: 0 }, AbortSignal.abort()));
  expect(first?.time).toBe(1_700_000_000);
  expect(first?.timeNano).toBe(1_700_000_000_123_456_000);
  expect(second?.timeNano).toBeGreaterThan(first?.timeNano ?? Infinity);
});

test("a plugin's event has no legacy fields, a container's has", async () => {
  const events = bus();
  events.publish(fact("p"));
  events.publish(fact("c", { type: "container", action: "start", attributes: { image: "busybox" } }));
  events.publish(fact("i", { type: "image", action: "pull", attributes: {} }));
  const seen = await collect(events.subscribe({ ...all, since: 0 }, AbortSignal.abort()));
  expect(seen[0]).toEqual({
    Type: "plugin",
    Action: "enable",
    Actor: { ID: "p", Attributes: { name: "a:latest" } },
    scope: "local",
    time: expect.any(Number),
    timeNano: expect.any(Number),
  });
  expect(seen[1]).toMatchObject({ status: "start", id: "c", from: "busybox" });
  expect(seen[2]).toMatchObject({ status: "pull", id: "i" });
  expect(seen[2]).not.toHaveProperty("from");
});

test("the past is given only on request, and only the last 1024 events of it", async () => {
  const events = bus();
  for (let index = 0; index < 1030; index += 1) events.publish(fact(String(index)));
  const past = await collect(events.subscribe({ ...all, since: 0 }, AbortSignal.abort()));
  expect([past.length, past[0]?.Actor.ID]).toEqual([1024, "6"]);
  expect(await collect(events.subscribe(all, AbortSignal.abort()))).toEqual([]);
});

test("past and present events come in order, those that match, until the signal", async () => {
  const events = bus();
  const controller = new AbortController();
  events.publish(fact("a"));
  const seen = collect(
    events.subscribe({ ...all, since: 0, matches: ({ Actor }) => Actor.ID !== "x" }, controller.signal),
  );
  events.publish(fact("x"));
  events.publish(fact("b"));
  controller.abort();
  events.publish(fact("late"));
  expect(ids(await seen)).toEqual(["a", "b"]);
});

test("since and until choose from the past, and an until that is over ends at once", async () => {
  let now = 1_000_000;
  const events = bus(() => now);
  for (const id of ["a", "b", "c"]) {
    now += 1000;
    events.publish(fact(id));
  }
  const { signal } = new AbortController();
  expect(ids(await collect(events.subscribe({ ...all, since: 1002, until: 1002.5 }, signal)))).toEqual(["b"]);
});

test("an until to come ends the stream then", async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  try {
    const events = bus();
    const seen = collect(events.subscribe({ ...all, until: 1005 }, new AbortController().signal));
    events.publish(fact("a"));
    await vi.advanceTimersByTimeAsync(5000);
    events.publish(fact("b"));
    expect(ids(await seen)).toEqual(["a"]);
  } finally {
    vi.useRealTimers();
  }
});

test("a subscriber that does not read is dropped with a warning", async () => {
  const events = bus();
  const subscription = events.subscribe(all, new AbortController().signal);
  for (let index = 0; index < 5000; index += 1) events.publish(fact(String(index)));
  expect(warnings).toEqual(["event subscriber dropped: it reads too slowly"]);
  expect(await collect(subscription)).toHaveLength(4096);
});

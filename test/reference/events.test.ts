import { startDavitdInOwnNetwork, startDockerdInOwnNetwork } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import { type EventListing, listEvents } from "./event-listing.ts";
import { eventFilters, findingNothing } from "./event-steps.ts";

let davit: EventListing = { narrowed: [], untilMoment: [], sinceMoment: [], heard: [] };
let docker = davit;

beforeAll(async () => {
  const both = [
    listEvents(() => startDavitdInOwnNetwork(), eventFilters),
    listEvents(() => startDockerdInOwnNetwork(), eventFilters),
  ] as const;
  // Even when the one has failed, the other is to clean up.
  await Promise.allSettled(both);
  [davit, docker] = await Promise.all(both);
});

test.for(eventFilters.map((filter, index): [string, number] => [JSON.stringify(filter), index]))(
  "events narrowed to %s are dockerd's, in its order",
  ([, index]) => {
    expect(davit.narrowed[index]).toEqual(docker.narrowed[index]);
  },
);

test("what happened until a moment, and since, is told as by dockerd", () => {
  expect(davit.untilMoment).toEqual(docker.untilMoment);
  expect(davit.sinceMoment).toEqual(docker.sinceMoment);
  expect(davit.untilMoment.length).toBeGreaterThan(10);
  expect([...davit.untilMoment, ...davit.sinceMoment]).toEqual(davit.narrowed[0]);
});

test("each filter finds something, but for those that cannot", () => {
  const found = eventFilters.filter((_, index) => davit.narrowed[index]?.length !== 0);
  expect(eventFilters.filter((filter) => !found.includes(filter))).toEqual(findingNothing);
});

test("a client that listens hears of everything, as at dockerd", () => {
  expect(davit.heard).toEqual(docker.heard);
});

test("what is evened out of dockerd's events is documented", async () => {
  expect(await documentedDifferences()).toContain("events-told-once");
});

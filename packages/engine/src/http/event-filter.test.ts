import type { Event } from "@davit/protocol";
import { expect, test } from "vitest";
import { eventFilterKeys, eventMatcher } from "./event-filter.ts";
import { parseFilters } from "./filters.ts";
import { parseUnixTime } from "./unix-time.ts";

const event = (type: string, action: string, id: string, attributes: Record<string, string>): Event => ({
  Type: type,
  Action: action,
  Actor: { ID: id, Attributes: attributes },
  scope: "local",
  time: 1,
  timeNano: 1e9,
});

const plugin = event("plugin", "enable", "abc123", { name: "vieux/sshfs:latest" });
const container = event("container", "start", "def456", {
  name: "web",
  image: "busybox:1.36",
  tier: "front",
});
const image = event("image", "pull", "localhost:5000/a:v1", { name: "localhost:5000/a" });
const health = event("container", "health_status: healthy", "def456", { name: "web" });

const matches = (filters: object, candidate: Event): boolean =>
  eventMatcher(parseFilters(JSON.stringify(filters), eventFilterKeys))(candidate);

test.each([
  [{}, plugin],
  [{ type: ["plugin"] }, plugin],
  [{ type: ["volume", "plugin"], event: ["enable"] }, plugin],
  [{ plugin: ["abc"] }, plugin],
  [{ plugin: ["vieux/sshfs"] }, plugin],
  [{ scope: ["local"] }, plugin],
  [{ image: ["busybox"] }, container],
  [{ image: ["busybox:1.36"] }, container],
  [{ label: ["tier=front"] }, container],
  [{ label: ["tier", "name=web"] }, container],
  [{ image: ["localhost:5000/a"] }, image],
  [{ event: ["health_status"] }, health],
])("%j lets %o through", (filters, candidate) => {
  expect(matches(filters, candidate)).toBe(true);
});

test.each([
  [{ type: ["volume"] }, plugin],
  [{ event: ["ena"] }, plugin],
  [{ plugin: ["sshfs"] }, plugin],
  [{ scope: ["swarm"] }, plugin],
  [{ image: ["busy"] }, container],
  [{ label: ["tier=back"] }, container],
  [{ label: ["other"] }, container],
])("%j holds %o back", (filters, candidate) => {
  expect(matches(filters, candidate)).toBe(false);
});

test("an unknown key is refused", () => {
  expect(() => matches({ colour: ["red"] }, plugin)).toThrow("invalid filter 'colour'");
});

test("times are seconds with a fraction", () => {
  expect([parseUnixTime(""), parseUnixTime("0"), parseUnixTime("1700000000.500000000")]).toEqual([
    undefined,
    0,
    1_700_000_000.5,
  ]);
  expect(() => parseUnixTime("yesterday")).toThrow('strconv.ParseInt: parsing "yesterday": invalid syntax');
});

import { expect, test } from "vitest";
import { selectContainers } from "./filters.ts";
import { sampleRecord } from "./sample-record.ts";

const base = sampleRecord();
const one = sampleRecord({
  id: `1${"0".repeat(63)}`,
  name: "one",
  createdAt: "2026-01-01T00:00:01Z",
  status: "running",
  config: { ...base.config, labels: { a: "1" }, exposedPorts: ["80/tcp", "53/udp"] },
  ports: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
});
const two = sampleRecord({
  id: `2${"0".repeat(63)}`,
  name: "two",
  createdAt: "2026-01-01T00:00:02Z",
  status: "exited",
  exitCode: 3,
  startedAt: "2026-01-01T00:00:02Z",
  config: { ...base.config, image: "other:v1", labels: { a: "2", b: "" } },
  mounts: [
    { type: "volume", volume: "vol", destination: "/data", readOnly: false, propagation: "", mode: "z" },
  ],
});
const three = sampleRecord({ id: `3${"0".repeat(63)}`, name: "three", createdAt: "2026-01-01T00:00:03Z" });

const select = (filters: Record<string, string[]>, all = true, limit = 0) =>
  selectContainers(
    [one, two, three],
    { all, limit, filters: new Map(Object.entries(filters)) },
    (image) => (image === "bb:latest" ? [base.imageId] : []),
    (id) => (id === one.id ? "healthy" : "none"),
  ).map(({ name }) => name);

test("lists running ones, or all, newest first, up to a limit", () => {
  expect(select({}, false)).toEqual(["one"]);
  expect(select({})).toEqual(["three", "two", "one"]);
  expect(select({}, false, 2)).toEqual(["three", "two"]);
});

test.each([
  [{ name: ["^t"] }, ["three", "two"]],
  [{ name: ["^/one$"] }, ["one"]],
  [{ id: ["2"] }, ["two"]],
  [{ label: ["a"] }, ["two", "one"]],
  [{ label: ["a=2", "b"] }, ["two"]],
  [{ status: ["exited", "created"] }, ["three", "two"]],
  [{ exited: ["3"] }, ["two"]],
  [{ exited: ["0"] }, []],
  [{ ancestor: ["other:v1"] }, ["two"]],
  [{ ancestor: ["bb:latest"] }, ["three", "two", "one"]],
  [{ volume: ["vol"] }, ["two"]],
  [{ volume: ["/data"] }, ["two"]],
  [{ network: ["none"] }, ["three", "two", "one"]],
  [{ before: ["two"] }, ["one"]],
  [{ since: ["two"] }, ["three"]],
  [{ health: ["healthy"] }, ["one"]],
  [{ health: ["none", "starting"] }, ["three", "two"]],
  [{ publish: ["80"] }, ["one"]],
  [{ publish: ["53/udp"] }, []],
  [{ expose: ["53/udp"] }, ["one"]],
  [{ expose: ["50-60/tcp"] }, []],
  [{ expose: ["70-90"] }, ["one"]],
  [{ "is-task": ["true"] }, []],
  [{ name: ["o"], status: ["running"] }, ["one"]],
])("the filter %j selects %j", (filters, expected) => {
  expect(select(filters)).toEqual(expected);
});

test.each([
  [{ odd: ["1"] }, "invalid filter 'odd'"],
  [{ status: ["odd"] }, "invalid filter 'status=odd'"],
  [{ exited: ["x"] }, "invalid filter 'exited=x'"],
  [{ health: ["odd"] }, "invalid filter 'health=odd'"],
  [{ expose: ["x"] }, "invalid filter 'expose=x'"],
  [{ before: ["nobody"] }, "No such container: nobody"],
])("the filter %j is refused", (filters, message) => {
  expect(() => select(filters)).toThrow(message);
});

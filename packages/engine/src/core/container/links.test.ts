import { describe, expect, test } from "vitest";
import { linkEnvironment } from "./link-environment.ts";
import { allNames, hostsNames, parseLink, planLinks, withAddress, withoutLink } from "./links.ts";
import { resolveContainer } from "./name.ts";
import { sampleRecord } from "./sample-record.ts";

const db = sampleRecord({ id: "d".repeat(64), name: "db", networkMode: "bridge" });
const app = sampleRecord({
  id: "a".repeat(64),
  name: "app",
  links: [{ alias: "store", containerId: db.id }],
});
const linked = { alias: "store", container: db };

test.each([
  ["db", { name: "db", alias: "db" }],
  ["db:store", { name: "db", alias: "store" }],
  ["/db:/app/store", { name: "db", alias: "store" }],
])("%s", (text, expected) => {
  expect(parseLink(text)).toEqual(expected);
});

test.each([
  ["", "empty string specified for links"],
  ["a:b:c", "bad format for links: a:b:c"],
])("%j is refused", (text, message) => {
  expect(() => parseLink(text)).toThrow(message);
});

describe("links of a plan", () => {
  const sharer = sampleRecord({
    name: "sharer",
    networkMode: "container",
    hostConfig: { ...db.hostConfig, NetworkMode: "container:db" },
  });
  const hosted = sampleRecord({ name: "hosted", networkMode: "host" });
  const plan = (...texts: readonly string[]) =>
    planLinks(texts, "bridge", (typed) => resolveContainer(typed, [db, sharer, hosted]));

  test("lead to the container whose network is used, by the first of equal aliases", () => {
    expect(plan("db:a", "sharer:b", "sharer:a")).toEqual([
      { alias: "a", containerId: db.id },
      { alias: "b", containerId: db.id },
    ]);
  });

  test("do not lead to the host's network, nor to nothing", () => {
    expect(() => plan("hosted")).toThrow(
      "conflicting options: host type networking can't be used with links.",
    );
    expect(() => plan("no")).toThrow("could not get container for no: No such container: no");
  });
});

test("a container is known by the names of its links, too", () => {
  expect(allNames(db, [app, db])).toEqual(["/app/store", "/db"]);
  expect(resolveContainer("app/store", [app, db])).toBe(db);
  expect(() => resolveContainer("app/other", [app, db])).toThrow("No such container: app/other");
});

test("only lines that begin with the alias are changed", () => {
  const hosts = `127.0.0.1\tlocalhost\n10.0.0.9\tstorehouse\n10.0.0.1\t${hostsNames(linked)}\n10.0.0.2\tapp\n`;
  expect(withAddress(hosts, "store", "10.0.0.7")).toBe(hosts.replace("10.0.0.1", "10.0.0.7"));
  expect(withoutLink(hosts, linked)).toBe("127.0.0.1\tlocalhost\n10.0.0.9\tstorehouse\n10.0.0.2\tapp\n");
});

test("variables tell the ports, a row of them as a range, and the other's own variables", () => {
  const container = sampleRecord({
    ...db,
    config: {
      ...db.config,
      exposedPorts: ["82/tcp", "80/udp", "80/tcp", "81/tcp"],
      env: ["PATH=/x", "A=b=c", "N"],
    },
  });
  const environment = linkEnvironment(app, { alias: "the-store", container }, "10.0.0.1");
  expect(environment.slice(0, 8)).toEqual([
    "THE_STORE_PORT=tcp://10.0.0.1:80",
    "THE_STORE_PORT_80_TCP_START=tcp://10.0.0.1:80",
    "THE_STORE_PORT_80_TCP_ADDR=10.0.0.1",
    "THE_STORE_PORT_80_TCP_PROTO=tcp",
    "THE_STORE_PORT_80_TCP_PORT_START=80",
    "THE_STORE_PORT_80_TCP_END=tcp://10.0.0.1:82",
    "THE_STORE_PORT_80_TCP_PORT_END=82",
    "THE_STORE_PORT_80_TCP=tcp://10.0.0.1:80",
  ]);
  expect(environment.slice(-3)).toEqual([
    "THE_STORE_PORT_82_TCP_PROTO=tcp",
    "THE_STORE_NAME=/app/the-store",
    "THE_STORE_ENV_A=b=c",
  ]);
});

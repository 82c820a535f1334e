import { expect, test } from "vitest";
import { chooseEndpoint } from "./choose-endpoint.ts";
import { defaultHost, parseEndpoint } from "./endpoint.ts";

const nothing = { host: "", context: "" };
const byHost = (host: string) => ({ kind: "host", host });
const byContext = (name: string) => ({ kind: "context", name });
const all = { DAVIT_HOST: "unix:///1", DOCKER_HOST: "unix:///2", DOCKER_CONTEXT: "three" };

test.each([
  [{ ...nothing, host: "unix:///0" }, all, "four", byHost("unix:///0")],
  [{ ...nothing, context: "zero" }, all, "four", byContext("zero")],
  [{ ...nothing, context: "default" }, all, "four", byHost(defaultHost)],
  [nothing, all, "four", byHost("unix:///1")],
  [nothing, { ...all, DAVIT_HOST: "" }, "four", byHost("unix:///2")],
  [nothing, { DOCKER_CONTEXT: "three" }, "four", byContext("three")],
  [nothing, {}, "four", byContext("four")],
  [nothing, {}, undefined, byHost(defaultHost)],
])("of %j, %j and the context %j it takes %j", (flags, env, current, expected) => {
  expect(chooseEndpoint(flags, env, () => current)).toEqual(expected);
});

test("an address and a context are one too many", () => {
  expect(() => chooseEndpoint({ host: "unix:///s", context: "c" }, {}, () => undefined)).toThrow(
    "conflicting options: cannot specify both --host and --context",
  );
});

const tls = { ca: "CA", verify: true };

test.each([
  ["unix:///a/b", undefined, { socketPath: "/a/b" }, undefined],
  ["unix:///a/b", tls, { socketPath: "/a/b" }, undefined],
  ["tcp://h", undefined, { host: "h", port: 2375 }, undefined],
  ["tcp://h", tls, { host: "h", port: 2376 }, tls],
  ["h:1", tls, { host: "h", port: 1 }, tls],
  ["tcp://[::1]:99", undefined, { host: "::1", port: 99 }, undefined],
  ["http://h", tls, { host: "h", port: 80 }, undefined],
  ["http://h:80", undefined, { host: "h", port: 80 }, undefined],
  ["https://h", undefined, { host: "h", port: 443 }, { verify: true }],
])("%s with %j is %j", (text, material, connection, secured) => {
  const endpoint = parseEndpoint(text, material);
  expect(endpoint.connection).toEqual(connection);
  expect(endpoint.tls).toEqual(secured);
});

test.each(["", "unix://", "npipe:////./pipe/x"])("%j is no address", (text) => {
  expect(() => parseEndpoint(text)).toThrow("unable to parse docker host");
});

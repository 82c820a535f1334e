import { type PluginServer, startPluginServer, writeRelayPlugin } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
let server: PluginServer;

beforeAll(async () => {
  server = await startPluginServer({
    implements: ["VolumeDriver"],
    answers: { "VolumeDriver.Create": () => ({}), "VolumeDriver.Remove": () => ({}) },
    listen: { socket: davitd.dir.join("server.sock") },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

test("a server in the test's process is met as a managed plugin", async () => {
  const { engine, dir } = davitd;
  const plugin = await writeRelayPlugin(dir.join("relay"), {
    types: ["docker.volumedriver/1.0"],
    hostDir: dir.path,
    socket: "server.sock",
  });
  await engine.ok(["plugin", "create", "acme/relay", plugin]);
  await engine.ok(["plugin", "enable", "acme/relay"]);
  await engine.ok(["volume", "create", "-d", "acme/relay", "-o", "a=b", "vol"]);
  expect((await server.nextCall("VolumeDriver.Create")).rawBody).toBe('{"Name":"vol","Opts":{"a":"b"}}\n');
  expect(server.methods).not.toContain("Plugin.Activate");
});

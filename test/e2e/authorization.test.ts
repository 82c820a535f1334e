import { writeFile } from "node:fs/promises";
import { type PluginServer, pluginPid, startPluginServer, writeRelayPlugin } from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
let server: PluginServer;

const allow = () => ({ Allow: true });
const allowing = { "AuthZPlugin.AuthZReq": allow, "AuthZPlugin.AuthZRes": allow };
const deny = (Msg: string) => () => ({ Allow: false, Msg });

/** Takes other settings over; answers the line of the log that tells of it. */
async function reload(settings: object, answer = "Reloaded configuration"): Promise<string> {
  const { engine } = davitd;
  const from = engine.log.length;
  await writeFile(`${engine.dir}/daemon.json`, JSON.stringify(settings));
  process.kill(await engine.pid(), "SIGHUP");
  return engine.line(answer, from);
}

beforeAll(async () => {
  const { engine, dir } = davitd;
  server = await startPluginServer({
    implements: ["authz"],
    answers: allowing,
    listen: { socket: dir.join("server.sock") },
  });
  const plugin = await writeRelayPlugin(dir.join("relay"), {
    types: ["docker.authz/1.0"],
    hostDir: dir.path,
    socket: "server.sock",
  });
  await engine.ok(["plugin", "create", "acme/guard", plugin]);
  await engine.ok(["plugin", "enable", "acme/guard"]);
});
afterEach(async () => {
  server.answer(allowing);
  await server.start().catch(() => undefined);
  await reload({});
  server.forget();
});
afterAll(() => server[Symbol.asyncDispose]());

const guarded = { "authorization-plugins": ["acme/guard"], "authorization-timeout": 2 };

describe("a managed plugin in the chain", () => {
  test("is asked from the reload on, and until the next", async () => {
    const { engine } = davitd;
    await engine.ok(["volume", "ls"]);
    expect(server.methods).toEqual([]);
    await reload(guarded);
    expect(await engine.ok(["info", "--format", "{{json .Plugins.Authorization}}"])).toBe('["acme/guard"]');
    expect(server.methods).toContain("AuthZPlugin.AuthZRes");
    await reload({});
    server.forget();
    await engine.ok(["volume", "ls"]);
    expect(server.methods).toEqual([]);
  });

  test("denies what docker asks for, in its own words", async () => {
    const { engine } = davitd;
    await reload(guarded);
    server.answer({
      "AuthZPlugin.AuthZReq": (body) => ({
        Allow: !/volumes\/create/.test(JSON.stringify(body)),
        Msg: "volumes are closed",
      }),
    });
    expect(await engine.docker(["volume", "create", "v"])).toEqual({
      stdout: "",
      stderr:
        "Error response from daemon: authorization denied by plugin acme/guard:latest: volumes are closed\n",
      exitCode: 1,
    });
    expect(await engine.ok(["volume", "ls", "-q"])).toBe("");
    server.answer({ ...allowing, "AuthZPlugin.AuthZRes": deny("not your business") });
    expect((await engine.docker(["volume", "ls"])).stderr).toBe(
      "Error response from daemon: authorization denied by plugin acme/guard:latest: not your business\n",
    );
  });

  test("cannot be disabled or removed from under the chain, by no force", async () => {
    const { engine } = davitd;
    await reload(guarded);
    for (const args of [["disable"], ["disable", "--force"], ["rm", "--force"]]) {
      expect((await engine.docker(["plugin", ...args, "acme/guard"])).stderr).toContain(
        "plugin acme/guard:latest is in use: it authorises every request; take it out of authorization-plugins",
      );
    }
    expect(await engine.ok(["plugin", "ls", "--format", "{{.Enabled}}"])).toBe("true");
  });

  test("denies everything while it is down, and is asked again once it has been restarted", async () => {
    const { engine } = davitd;
    await reload(guarded);
    await server.stop();
    expect((await engine.docker(["ps"])).stderr).toContain("plugin acme/guard:latest failed with error: ");
    await server.start();
    await engine.ok(["ps"]);
    const from = engine.log.length;
    process.kill(await pluginPid(engine, "acme/guard"), "SIGKILL");
    await engine.line("plugin is down", from);
    await engine.line("plugin is up again", from);
    await engine.ok(["ps"]);
  });

  test("that never answers denies at its time, and root gets out by the file and a signal", async () => {
    const { engine } = davitd;
    await reload(guarded);
    server.answer({ "AuthZPlugin.AuthZReq": () => new Promise(() => undefined) });
    const stuck = engine.request("GET", "/v1.41/volumes");
    await server.nextCall("AuthZPlugin.AuthZReq");
    await reload({});
    await engine.ok(["volume", "ls"]);
    expect((await stuck).status).toBe(500);
  });
});

describe("a reload", () => {
  test.each([
    [["nosuch"], 'plugin nosuch cannot be asked: plugin "nosuch'],
    [["acme/guard", "nosuch"], "plugin nosuch cannot be asked"],
    [[""], "a name is empty"],
  ])("to a chain of %j changes nothing, and says so", async (names, complaint) => {
    const { engine } = davitd;
    await reload(guarded);
    const line = await reload({ "authorization-plugins": names }, "level=error");
    expect(line).toContain("settings are not reloaded, those before stay in force");
    expect(line.replaceAll('\\"', '"')).toContain(complaint);
    server.answer({ "AuthZPlugin.AuthZReq": deny("still here") });
    expect((await engine.docker(["ps"])).stderr).toContain("still here");
  });
});

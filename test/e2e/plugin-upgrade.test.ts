import {
  type DockerRegistry,
  startDockerRegistry,
  volumePluginConfig,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
let remote: string;

const inspect = (format: string) => davitd.engine.ok(["plugin", "inspect", "--format", format, "mine"]);

beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  remote = `${registry.host}/acme/v`;
  for (const version of ["1", "2"]) {
    const config = { ...volumePluginConfig, Description: `version ${version}` };
    const plugin = await writeVolumePlugin(davitd.dir.join(version), config, version);
    await davitd.engine.ok(["plugin", "create", `${remote}:${version}`, plugin]);
    await davitd.engine.ok(["plugin", "push", `${remote}:${version}`]);
    await davitd.engine.ok(["plugin", "rm", `${remote}:${version}`]);
  }
  const grant = ["--grant-all-permissions", "--alias", "mine"];
  await davitd.engine.ok(["plugin", "install", ...grant, `${remote}:1`, "BEHAVIOUR=slow:0"]);
  await davitd.engine.ok(["volume", "create", "--driver", "mine", "kept"]);
});
afterAll(() => cleanup.disposeAsync());

const upgrade = (version: string, input = "y\n") =>
  davitd.engine.docker(["plugin", "upgrade", "--skip-remote-check", "mine", `${remote}:${version}`], {
    input,
  });

test("plugin upgrade refuses an enabled plugin", async () => {
  expect((await upgrade("2")).stderr).toBe("the plugin must be disabled before upgrading\n");
  const path = `/plugins/mine/upgrade?remote=${encodeURIComponent(`${remote}:2`)}`;
  const { status, body } = await davitd.engine.request("POST", path, { body: [] });
  expect(status).toBe(409);
  expect(body).toContain("plugin must be disabled before upgrading: plugin mine:latest is enabled");
});

test("plugin upgrade that is declined changes nothing", async () => {
  await davitd.engine.ok(["plugin", "disable", "--force", "mine"]);
  const before = await davitd.engine.ok(["plugin", "inspect", "mine"]);
  expect((await upgrade("2", "n\n")).exitCode).toBe(1);
  expect(await davitd.engine.ok(["plugin", "inspect", "mine"])).toBe(before);
});

test("plugin upgrade to what the registry lacks changes nothing", async () => {
  const before = await davitd.engine.ok(["plugin", "inspect", "mine"]);
  expect((await upgrade("3")).exitCode).toBe(1);
  expect(await davitd.engine.ok(["plugin", "inspect", "mine"])).toBe(before);
});

test("plugin upgrade keeps ID, name, settings and volumes", async () => {
  const id = await inspect("{{.Id}}");
  const { stdout, exitCode } = await upgrade("2");
  expect(stdout).toContain(`Upgraded plugin mine:latest to ${remote}:2`);
  expect(exitCode).toBe(0);
  expect(
    await inspect("{{.Id}} {{.Name}} {{.PluginReference}} {{.Config.Description}} {{json .Settings.Env}}"),
  ).toBe(`${id} mine:latest ${remote}:2 version 2 ["BEHAVIOUR=slow:0","ROOT=/data"]`);
  await davitd.engine.ok(["plugin", "enable", "mine"]);
  expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("kept");
});

test("plugin upgrade goes back, too", async () => {
  await davitd.engine.ok(["plugin", "disable", "--force", "mine"]);
  expect((await upgrade("1")).exitCode).toBe(0);
  expect(await inspect("{{.Config.Description}}")).toBe("version 1");
  await davitd.engine.ok(["plugin", "enable", "mine"]);
  await davitd.engine.ok(["volume", "rm", "kept"]);
});

test("plugin upgrade leaves nothing of the old version", async () => {
  await davitd.engine.ok(["plugin", "rm", "--force", "mine"]);
  await expectNothingLeftAfterRestart(davitd.engine);
});

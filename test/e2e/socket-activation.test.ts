import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxRootfs, mustRun, repository } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StartedProgram, startProgram } from "./start-program.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const example = join(repository, "examples/local-volumes");
let plugin: StartedProgram;
let base: string;

/** The program that systemd has for this keeps the socket and becomes the plugin when somebody connects. */
beforeAll(async () => {
  base = davitd.dir.join("base");
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  plugin = startProgram("systemd-socket-activate", [
    `--listen=${join(davitd.engine.pluginSocketDir, "local-volumes.sock")}`,
    `--setenv=BASE_DIR=${base}`,
    process.execPath,
    join(example, "src/main.ts"),
  ]);
  await plugin.line("Listening on");
});
afterAll(() => plugin[Symbol.asyncDispose]());

test("the engine's first call starts a plugin whose socket systemd holds", async () => {
  expect(plugin.log.join("\n")).not.toContain("serving");
  const { engine } = davitd;
  await engine.ok(["volume", "create", "-d", "local-volumes", "-o", "type=tmpfs", "-o", "size=1m", "vol"]);
  await plugin.line("serving");
  const run = ["run", "--rm", "--network", "none", "-v", "vol:/vol", "busybox"];
  expect(
    await engine.ok([...run, "sh", "-c", "echo ahoy > /vol/f; grep -c /vol.*tmpfs /proc/mounts; cat /vol/f"]),
  ).toBe("1\nahoy");
  await engine.ok(["volume", "create", "-d", "local-volumes", "kept"]);
  await engine.ok(["run", "--rm", "--network", "none", "-v", "kept:/k", "busybox", "touch", "/k/f"]);
  expect(await readdir(join(base, "data/kept"))).toEqual(["f"]);
  await engine.ok(["volume", "rm", "vol", "kept"]);
});

test("the plugin leaves the socket where it is when it is stopped", async () => {
  expect(await plugin.stop()).toBe(0);
  expect(await readdir(davitd.engine.pluginSocketDir)).toEqual(["local-volumes.sock"]);
});

test("its sample units are what systemd takes, and put the socket where engines look", async () => {
  const units = ["local-volumes.socket", "local-volumes.service"].map((unit) =>
    join(example, "systemd", unit),
  );
  expect(await mustRun("systemd-analyze", ["verify", ...units])).toBe("");
  expect(await readFile(units[0] ?? "", "utf8")).toContain(
    "ListenStream=/run/docker/plugins/local-volumes.sock\n",
  );
});

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { busyboxRootfs, mustRun, pluginPid, repository } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const container = ["--log-driver", "acme/file-logs", "--network", "none", "busybox"];
let id = "";

beforeAll(async () => {
  const { engine, dir } = davitd;
  await engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const build = dir.join("build");
  await mustRun(process.execPath, [join(repository, "examples/file-logs/pack.ts"), build]);
  await engine.ok(["plugin", "create", "acme/file-logs", build]);
  await engine.ok(["plugin", "enable", "acme/file-logs"]);
  id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/file-logs"]);
});

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

test("keeps output in files on the host, and gives it back whole, its end, and as it comes", async () => {
  const { engine } = davitd;
  const script = "seq 1 5000; printf end";
  await engine.ok(["run", "--name", "seq", "--log-opt", "prefix=web-", ...container, "sh", "-c", script]);
  const logged = async (): Promise<string> => (await engine.docker(["logs", "--follow", "seq"])).stdout;
  // The plugin may still be writing when the container has just ended.
  while ((await logged()) !== `${numbers(1, 5000)}end`);
  expect((await engine.docker(["logs", "--tail", "3", "seq"])).stdout).toBe("4999\n5000\nend");
  const full = await engine.ok(["inspect", "--format", "{{.Id}}", "seq"]);
  expect(await readdir(join(engine.dataRoot, "plugins", id, "propagated-mount"))).toEqual([
    `web-${full}.log`,
  ]);
  const living = "i=0; while [ $i -lt 5 ]; do echo $i; usleep 50000; i=$((i+1)); done";
  await engine.ok(["run", "-d", "--name", "living", ...container, "sh", "-c", living]);
  expect((await engine.docker(["logs", "--follow", "living"])).stdout).toBe("0\n1\n2\n3\n4\n");
});

test("refuses options that it does not know, before the container starts", async () => {
  const args = ["run", "--rm", "--log-opt", "nosuch=1", ...container, "true"];
  expect((await davitd.engine.docker(args)).stderr).toContain(
    "error creating logger: LogDriver.StartLogging: unknown log opt 'nosuch' for file-logs",
  );
});

test("killed while containers write it is started again, and gets what it had not read", async () => {
  const { engine } = davitd;
  const script =
    "i=0; while [ $i -lt 30 ]; do seq $((i*1000+1)) $((i*1000+1000)); usleep 100000; i=$((i+1)); done";
  await engine.ok(["run", "-d", "--name", "survivor", ...container, "sh", "-c", script]);
  const last = async (): Promise<number> =>
    Number((await engine.docker(["logs", "--tail", "1", "survivor"])).stdout);
  while ((await last()) < 3000);
  process.kill(await pluginPid(engine, "acme/file-logs"), "SIGKILL");
  await engine.ok(["wait", "survivor"]);
  while ((await last()) !== 30_000);
  const lines = (await engine.docker(["logs", "survivor"])).stdout.trimEnd().split("\n").map(Number);
  const seen = new Set(lines);
  const missing = Array.from({ length: 30_000 }, (_, index) => index + 1).filter((each) => !seen.has(each));
  // What it had read and not yet written is its own to lose: at most what it reads at once.
  expect(missing.length).toBeLessThan(5_000);
  expect(lines.length).toBeGreaterThan(25_000);
});

test("is not disabled while a container that runs logs to it, unless by force", async () => {
  const { engine } = davitd;
  await engine.ok(["run", "-d", "--name", "user", ...container, "sleep", "600"]);
  expect((await engine.docker(["plugin", "disable", "acme/file-logs"])).stderr).toContain(
    "plugin acme/file-logs:latest is in use",
  );
  await engine.ok(["plugin", "disable", "--force", "acme/file-logs"]);
  await engine.ok(["exec", "user", "true"]);
  expect((await engine.docker(["run", "--rm", ...container, "true"])).stderr).toContain(
    "error looking up logging plugin acme/file-logs: plugin acme/file-logs found but disabled",
  );
  await engine.ok(["rm", "-f", "user"]);
});

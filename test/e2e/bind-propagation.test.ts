import { mkdir } from "node:fs/promises";
import { busyboxRootfs, mustRun, runCommand } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** A mount of its own; gone with the tests' directory. */
async function mounted(name: string, propagation: string): Promise<string> {
  const path = davitd.dir.join(name);
  await mkdir(path);
  await mustRun("mount", ["--bind", path, path]);
  await mustRun("mount", [`--make-${propagation}`, path]);
  return path;
}

const start = (name: string, volume: string) =>
  davitd.engine.docker([
    "run",
    "-d",
    "--name",
    name,
    "--network",
    "none",
    "-v",
    volume,
    "busybox",
    "sleep",
    "600",
  ]);

test("what is mounted on the host later is seen where that was asked for", async () => {
  const path = await mounted("shared", "shared");
  await mkdir(`${path}/later`);
  expect((await start("slave", `${path}:/x:rslave`)).exitCode).toBe(0);
  await mustRun("mount", ["-t", "tmpfs", "arrived", `${path}/later`]);
  expect(await davitd.engine.ok(["exec", "slave", "grep", "arrived", "/proc/mounts"])).toContain(
    " /x/later ",
  );
  await davitd.engine.ok(["rm", "--force", "slave"]);
});

test("what a container mounts is seen on the host where that was asked for", async () => {
  const path = await mounted("passed", "shared");
  await mkdir(`${path}/inner`);
  const script = "mount -t tmpfs -o size=1m departed /x/inner";
  const options = ["--privileged", "--network", "none", "-v", `${path}:/x:rshared`];
  await davitd.engine.ok(["run", "--rm", ...options, "busybox", "sh", "-c", script]);
  expect((await runCommand("findmnt", ["--noheadings", "--output", "SOURCE", `${path}/inner`])).stdout).toBe(
    "departed\n",
  );
});

test("of a private mount nothing is passed on, and that is refused at the start", async () => {
  const path = await mounted("private", "private");
  const shared = await start("wants-shared", `${path}:/x:rshared`);
  expect(shared.exitCode).toBe(125);
  expect(shared.stderr).toContain(`path ${path} is mounted on ${path} but it is not a shared mount`);
  const slave = await start("wants-slave", `${path}:/x:slave`);
  expect(slave.stderr).toContain(`path ${path} is mounted on ${path} but it is not a shared or slave mount`);
  expect(await davitd.engine.ok(["ps", "--all", "--format", "{{.Names}} {{.Status}}"])).toBe(
    "wants-slave Created\nwants-shared Created",
  );
  expect((await start("private", `${path}:/x:rprivate`)).exitCode).toBe(0);
  await mustRun("mount", ["--make-shared", path]);
  await davitd.engine.ok(["start", "wants-shared"]);
});

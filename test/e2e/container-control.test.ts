import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

const run = (name: string, ...args: readonly string[]) =>
  davitd.engine.ok(["run", "-d", "--name", name, "--network", "none", ...args]);
const stateOf = (name: string) => davitd.engine.ok(["inspect", "--format", "{{.State.Status}}", name]);

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

describe("pause", () => {
  test("holds a container until unpause", async () => {
    const id = await run("held", "busybox", "sleep", "600");
    await davitd.engine.ok(["pause", "held"]);
    expect(await stateOf("held")).toBe("paused");
    expect(await davitd.engine.ok(["ps", "--format", "{{.Names}} {{.Status}}"])).toMatch(
      /^held Up .*\(Paused\)$/,
    );
    const refused = await davitd.engine.docker(["pause", "held"]);
    expect(refused.stderr).toBe(`Error response from daemon: Container ${id} is already paused\n`);
    const exec = await davitd.engine.docker(["exec", "held", "true"]);
    expect(exec.stderr).toContain("Container held is paused, unpause the container before exec");
    await davitd.engine.ok(["unpause", "held"]);
    expect(await stateOf("held")).toBe("running");
    const running = await davitd.engine.docker(["unpause", "held"]);
    expect(running.stderr).toBe(`Error response from daemon: Container ${id} is not paused\n`);
  });

  test("does not keep a container from being stopped", async () => {
    await run("stopped", "busybox", "sleep", "600");
    await davitd.engine.ok(["pause", "stopped"]);
    await davitd.engine.ok(["stop", "--time", "1", "stopped"]);
    expect(await stateOf("stopped")).toBe("exited");
  });
});

describe("top", () => {
  test("lists the container's processes alone", async () => {
    await run("busy", "busybox", "sh", "-c", "sleep 601 & sleep 602; true");
    const table = await davitd.engine.ok(["top", "busy", "-o", "pid,args"]);
    expect(
      table
        .split("\n")
        .map((line) => line.replace(/^\d+\s+/, ""))
        .slice(1)
        .sort(),
    ).toEqual(["sh -c sleep 601 & sleep 602; true", "sleep 601", "sleep 602"]);
  });

  test("needs the column of PIDs", async () => {
    const { stderr } = await davitd.engine.docker(["top", "busy", "-o", "comm"]);
    expect(stderr).toBe("Error response from daemon: Couldn't find PID field in ps output\n");
  });
});

test("stats tells memory and processes", async () => {
  const line = await davitd.engine.ok([
    "stats",
    "--no-stream",
    "--format",
    "{{.Name}} {{.PIDs}} {{.MemUsage}} {{.CPUPerc}}",
    "busy",
  ]);
  expect(line).toMatch(/^busy 3 [\d.]+[KM]iB \/ [\d.]+GiB [\d.]+%$/);
});

test("diff tells what was added, changed and deleted, and nothing of the engine's", async () => {
  await run("changed", "busybox", "sleep", "600");
  const script = "touch /x; mkdir /d; touch /d/e; rm /bin/wc; echo a > /etc/passwd";
  await davitd.engine.ok(["exec", "changed", "sh", "-c", script]);
  expect(await davitd.engine.ok(["diff", "changed"])).toBe(
    ["C /bin", "D /bin/wc", "A /d", "A /d/e", "C /etc", "A /etc/passwd", "A /x"].join("\n"),
  );
});

test("update changes the limits of a running container", async () => {
  await run("limited", "--memory", "64m", "busybox", "sleep", "600");
  const flags = ["--memory", "32m", "--cpus", "0.5", "--pids-limit", "20", "--restart", "on-failure:2"];
  await davitd.engine.ok(["update", ...flags, "limited"]);
  const format = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.RestartPolicy.Name}}";
  expect(await davitd.engine.ok(["inspect", "--format", format, "limited"])).toBe(
    "33554432 500000000 on-failure",
  );
  const stats = ["stats", "--no-stream", "--format", "{{.MemUsage}}", "limited"];
  expect(await davitd.engine.ok(stats)).toMatch(/ \/ 32MiB$/);
  const { stderr } = await davitd.engine.docker(["update", "--memory", "1", "limited"]);
  expect(stderr).toContain("Minimum memory limit allowed is 6MB");
});

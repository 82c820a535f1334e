import { readFile, writeFile } from "node:fs/promises";
import { busyboxRootfs, mustRun, peerEnvironment } from "@davit/testkit";
import { afterEach, beforeAll, expect, test } from "vitest";
import { seenEvents } from "./seen-events.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--live-restore=false");

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
});
afterEach(async () => {
  const ids = await davitd.engine.ok(["ps", "--all", "--quiet"]);
  if (ids !== "") await davitd.engine.ok(["rm", "--force", ...ids.split("\n")]);
});

const start = (name: string, policy: string, ...rest: readonly string[]) =>
  davitd.engine.ok([
    "run",
    "-d",
    "--name",
    name,
    "--network",
    "none",
    "--stop-timeout",
    "1",
    "--restart",
    policy,
    ...rest,
  ]);

const inspect = (name: string, format: string) => davitd.engine.ok(["inspect", "--format", format, name]);
const died = (container: string, count: number) =>
  seenEvents(davitd.engine, { container, action: "die", count });
const started = (container: string, count: number) =>
  seenEvents(davitd.engine, { container, action: "start", count });

test("always: starts again whatever the exit code, until it is stopped", async () => {
  await start("ever", "always", "busybox", "true");
  await died("ever", 3);
  expect(await davitd.engine.ok(["stop", "ever"])).toBe("ever");
  expect(await inspect("ever", "{{.State.Status}} {{.State.Running}} {{.State.Restarting}}")).toBe(
    "exited false false",
  );
  expect(Number(await inspect("ever", "{{.RestartCount}}"))).toBeGreaterThanOrEqual(2);
});

test("on-failure: gives up after so many times, and only then a client that waits is told", async () => {
  await start("failing", "on-failure:2", "busybox", "sh", "-c", "exit 4");
  expect(await davitd.engine.ok(["wait", "failing"])).toBe("4");
  expect(await inspect("failing", "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}")).toBe(
    "2 exited 4",
  );
});

test("on-failure: a success is left alone", async () => {
  await start("fine", "on-failure", "busybox", "true");
  expect(await davitd.engine.ok(["wait", "fine"])).toBe("0");
  expect(await inspect("fine", "{{.RestartCount}}")).toBe("0");
});

test("the wait between restarts doubles", async () => {
  await start("slower", "always", "busybox", "true");
  await died("slower", 4);
  const since = ["--since", "1", "--until", String(Date.now() / 1000)];
  const filters = ["--filter", "container=slower", "--filter", "event=start", "--filter", "event=die"];
  const lines = await davitd.engine.ok([
    "events",
    ...since,
    ...filters,
    "--format",
    "{{.Action}} {{.TimeNano}}",
  ]);
  const times = lines.split("\n").map((line) => line.split(" "));
  const waits = times.flatMap(([action, at], index) =>
    action === "die" && times[index + 1] !== undefined
      ? [(Number(times[index + 1]?.[1]) - Number(at)) / 1e6]
      : [],
  );
  expect(waits[0]).toBeGreaterThanOrEqual(99);
  expect(waits[1]).toBeGreaterThanOrEqual(199);
  expect(waits[2]).toBeGreaterThanOrEqual(399);
});

test("one that waits to be started again counts as running", async () => {
  await start("waiting", "always", "busybox", "sh", "-c", "exit 3");
  await died("waiting", 4);
  const { stderr, exitCode } = await davitd.engine.docker(["rm", "waiting"]);
  expect(stderr).toMatch(/^Error response from daemon: You cannot remove a r(estart|unn)ing container /);
  expect(exitCode).toBe(1);
  expect(await davitd.engine.ok(["ps", "--format", "{{.Names}}"])).toBe("waiting");
  expect(await davitd.engine.ok(["rm", "--force", "waiting"])).toBe("waiting");
});

test("a container that is killed is not restarted, one that gets another signal is", async () => {
  const fifo = davitd.dir.join("ready");
  await mustRun("mkfifo", [fifo], { env: peerEnvironment() });
  const script = "trap 'exit 3' HUP; echo > /ready; while :; do sleep 0.1; done";
  await start("hit", "always", "-v", `${fifo}:/ready`, "busybox", "sh", "-c", script);
  // Comes to an end when the container has written to it.
  await readFile(fifo);
  await davitd.engine.ok(["kill", "--signal", "HUP", "hit"]);
  await started("hit", 2);
  await readFile(fifo);
  await davitd.engine.ok(["kill", "hit"]);
  expect(await inspect("hit", "{{.State.Status}} {{.RestartCount}}")).toBe("exited 1");
});

test("a restart that fails is tried again", async () => {
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
  await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "far"]);
  await start("needy", "always", "-v", "far:/v", "busybox", "sh", "-c", "sleep 0.3; exit 1");
  await davitd.engine.ok(["plugin", "disable", "--force", "acme/v"]);
  await died("needy", 1);
  // The driver is gone for as long as it takes to be asked for once more.
  await davitd.engine.line("could not restart a container");
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
  await started("needy", 2);
  expect(Number(await inspect("needy", "{{.RestartCount}}"))).toBeGreaterThanOrEqual(2);
  await davitd.engine.ok(["rm", "--force", "needy"]);
  await davitd.engine.ok(["volume", "rm", "far"]);
});

test("with the engine: what ran runs again, what was stopped only with always", async () => {
  await start("a-always", "always", "busybox", "sleep", "600");
  await start("b-unless", "unless-stopped", "busybox", "sleep", "600");
  await start("c-failure", "on-failure", "busybox", "sleep", "600");
  await start("d-no", "no", "busybox", "sleep", "600");
  await start("e-always-stopped", "always", "busybox", "sleep", "600");
  await start("f-unless-stopped", "unless-stopped", "busybox", "sleep", "600");
  await davitd.engine.ok(["stop", "-t", "0", "e-always-stopped", "f-unless-stopped"]);
  expect(await davitd.engine.stop()).toBe(0);
  await davitd.engine.start();
  for (const name of ["a-always", "b-unless", "c-failure", "e-always-stopped"]) await started(name, 1);
  const running = await davitd.engine.ok(["ps", "--format", "{{.Names}}"]);
  expect(running.split("\n").sort()).toEqual(["a-always", "b-unless", "c-failure", "e-always-stopped"]);
});

test("what ended while no engine ran is started again by the next", async () => {
  const fifo = davitd.dir.join("go");
  await mustRun("mkfifo", [fifo], { env: peerEnvironment() });
  const script = "echo > /go; read word < /go; exit 2";
  await start("orphan", "on-failure", "-v", `${fifo}:/go`, "busybox", "sh", "-c", script);
  await readFile(fifo);
  await davitd.engine.kill();
  await writeFile(fifo, "end\n");
  await davitd.engine.start();
  await started("orphan", 1);
  await readFile(fifo);
  expect(await inspect("orphan", "{{.RestartCount}} {{.State.Status}}")).toBe("1 running");
});

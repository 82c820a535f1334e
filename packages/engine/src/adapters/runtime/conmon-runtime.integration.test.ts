import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../../core/identifiers.ts";
import { startTimeOf } from "./proc.ts";
import { TestHost } from "./runtime-fixture.ts";

let host: TestHost;
const namespace = "plugins.moby";

beforeEach(async () => {
  host = await TestHost.make();
});
afterEach(() => host.remove());

const run = async (script: string, more: Parameters<TestHost["request"]>[1] = {}): Promise<string> => {
  const request = host.request(["/bin/sh", "-c", script], more);
  await host.runtime.create(request);
  await host.runtime.start(namespace, request.id);
  return request.id;
};

test("a process is created, then running, then stopped with its exit code, then absent", async () => {
  const { runtime } = host;
  const request = host.request(["/bin/sh", "-c", "read line < /run/go; exit 7"]);
  const { pid } = await runtime.create(request);
  expect(await runtime.state(namespace, request.id)).toEqual({ status: "created", pid });
  await runtime.start(namespace, request.id);
  expect(await runtime.state(namespace, request.id)).toEqual({ status: "running", pid });
  expect(await runtime.list(namespace)).toEqual([request.id]);
  const ended = runtime.waitForExit(namespace, request.id);
  await host.go();
  const exit = await ended;
  expect(exit).toMatchObject({ namespace, id: request.id, exitCode: 7, oomKilled: false });
  expect(Math.abs(Date.now() - exit.exitedAt.getTime())).toBeLessThan(5000);
  expect(await runtime.state(namespace, request.id)).toEqual({ status: "stopped", exit });
  await runtime.delete(namespace, request.id);
  expect(await runtime.state(namespace, request.id)).toEqual({ status: "absent" });
  expect(await runtime.list(namespace)).toEqual([]);
  expect(existsSync(request.bundle)).toBe(false);
});

test("an exit resolves only when all output is in the log", async () => {
  const id = await run("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; printf end");
  await host.runtime.waitForExit(namespace, id);
  const log = await readFile(host.logPath(id), "utf8");
  expect(log).toMatch(/ stdout P end\n$/);
  // A line that falls on the edge of the monitor's buffer is written in two entries.
  expect(log.match(/ F /g)).toHaveLength(5000);
});

test("an exit that is over already resolves at once, for every waiter", async () => {
  const id = await run("exit 3");
  await host.runtime.waitForExit(namespace, id);
  const exits = await Promise.all([1, 2, 3].map(() => host.otherRuntime().waitForExit(namespace, id)));
  expect(exits.map((exit) => exit.exitCode)).toEqual([3, 3, 3]);
});

test("a signal ends a process with 128 + its number", async () => {
  const id = await run("trap 'exit 9' USR1; read line < /run/go");
  await host.runtime.kill(namespace, id, "SIGKILL");
  expect((await host.runtime.waitForExit(namespace, id)).exitCode).toBe(137);
  await expect(host.runtime.kill(namespace, id, "SIGTERM")).rejects.toMatchObject({ kind: "conflict" });
});

test("refuses an unknown signal", async () => {
  const id = await run("read line < /run/go");
  await expect(host.runtime.kill(namespace, id, "SIGNONE")).rejects.toThrow("invalid signal: SIGNONE");
});

test("a program that is not there fails create with the runtime's words and leaves nothing", async () => {
  const request = host.request(["/nope"]);
  await expect(host.runtime.create(request)).rejects.toMatchObject({
    kind: "invalid",
    message:
      'OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory',
  });
  expect(await host.runtime.state(namespace, request.id)).toEqual({ status: "absent" });
  expect(await host.runtime.list(namespace)).toEqual([]);
  expect(existsSync(request.bundle)).toBe(false);
});

test("delete ends a running process and tells those who wait", async () => {
  const id = await run("read line < /run/go");
  const ended = host.runtime.waitForExit(namespace, id);
  await host.runtime.delete(namespace, id);
  expect((await ended).exitCode).toBe(137);
  await host.runtime.delete(namespace, id);
  await expect(host.runtime.waitForExit(namespace, id)).rejects.toMatchObject({ kind: "not-found" });
});

test("create replaces a leftover of the same ID", async () => {
  const request = host.request(["/bin/sh", "-c", "read line < /run/go"]);
  const first = await host.runtime.create(request);
  const second = await host.runtime.create(request);
  expect(startTimeOf(first.pid)).toBeUndefined();
  expect(await host.runtime.state(namespace, request.id)).toEqual({ status: "created", pid: second.pid });
});

test("a canceled create leaves nothing", async () => {
  const request = host.request(["/bin/sh", "-c", "exit 0"]);
  const controller = new AbortController();
  const creating = host.runtime.create(request, controller.signal);
  controller.abort();
  await expect(creating).rejects.toMatchObject({ kind: "canceled" });
  expect(await host.runtime.list(namespace)).toEqual([]);
});

test("a canceled wait leaves the process alone", async () => {
  const id = await run("read line < /run/go");
  const controller = new AbortController();
  const waiting = host.runtime.waitForExit(namespace, id, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ kind: "canceled" });
  expect(await host.runtime.state(namespace, id)).toMatchObject({ status: "running" });
});

test("a process whose monitor is killed is ended and reported", async () => {
  const id = await run("read line < /run/go");
  const ended = host.runtime.waitForExit(namespace, id);
  process.kill(host.monitorPid(id), "SIGKILL");
  expect((await ended).exitCode).toBe(137);
  expect(await host.runtime.state(namespace, id)).toMatchObject({
    status: "stopped",
    exit: { exitCode: 137 },
  });
});

test("memory exhaustion is told apart from a kill", async () => {
  const request = host.request(["/bin/sh", "-c", "x=$(cat /dev/zero | tr '\\0' a)"], {
    memoryLimitBytes: 8 << 20,
  });
  await host.runtime.create(request);
  await host.runtime.start(namespace, request.id);
  const exit = await host.runtime.waitForExit(namespace, request.id);
  expect(exit.oomKilled).toBe(true);
  expect(exit.exitCode).not.toBe(0);
});

test("process, log and exit code outlive an engine killed with SIGKILL, and the next one adopts them", async () => {
  const id = newId();
  const child = spawn(
    process.execPath,
    [new URL("./engine-fixture.ts", import.meta.url).pathname, host.dir, id],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  const { runtime } = host;
  expect(await runtime.state(namespace, id)).toMatchObject({ status: "running" });
  const ended = runtime.waitForExit(namespace, id);
  await host.go();
  expect((await ended).exitCode).toBe(5);
  expect(await readFile(host.logPath(id), "utf8")).toMatch(/ stdout F before\n.* stdout F after\n/);
});

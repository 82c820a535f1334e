import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { encodeLogEntry } from "@davit/protocol";
import { busyboxRootfs, LogReceiver, type PluginServer, startPluginServer } from "@davit/testkit";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
beforeAll(async () => {
  await davitd.engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

let receiver: LogReceiver;
let server: PluginServer;
let driver: readonly string[];
let count = 0;

beforeEach(async () => {
  count += 1;
  const name = `log${String(count)}`;
  receiver = new LogReceiver();
  server = await startPluginServer({
    implements: ["LogDriver"],
    answers: receiver.answers,
    listen: { socket: join(davitd.engine.pluginSocketDir, `${name}.sock`) },
  });
  driver = ["--log-driver", name];
});
afterEach(async () => {
  const ids = await davitd.engine.ok(["ps", "-aq"]);
  if (ids !== "") await davitd.engine.ok(["rm", "-f", ...ids.split("\n")]);
  receiver.die();
  await server[Symbol.asyncDispose]();
});

const container = ["--network", "none", "busybox"];
const never = (): Promise<never> => new Promise(() => undefined);
const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

/** Starts a container that writes numbers and then waits. */
const writing = (lines: number, ...options: readonly string[]): Promise<string> => {
  const script = `seq 1 ${String(lines)}; exec sleep 600`;
  return davitd.engine.ok([
    "run",
    "-d",
    "--init=false",
    ...driver,
    ...options,
    ...container,
    "sh",
    "-c",
    script,
  ]);
};

/** How long a command takes, which must succeed. */
async function timed(...args: readonly string[]): Promise<number> {
  const start = performance.now();
  await davitd.engine.ok(args);
  return performance.now() - start;
}

/** What everybody counts on, whatever the log driver does. */
async function expectUnhindered(id: string): Promise<void> {
  expect(await timed("exec", id, "true")).toBeLessThan(5_000);
  expect(await timed("stop", "-t", "0", id)).toBeLessThan(5_000);
  expect(await timed("start", id)).toBeLessThan(5_000);
  expect(await timed("kill", id)).toBeLessThan(5_000);
  expect(await timed("rm", "-f", id)).toBeLessThan(5_000);
  expect(await timed("ps")).toBeLessThan(5_000);
}

describe("a container is exec'ed, stopped, started, killed and removed at once when its log plugin", () => {
  test("never opens the pipe", async () => {
    receiver.isDeaf = true;
    await expectUnhindered(await writing(200_000));
  });

  test("stops reading", async () => {
    const id = await writing(10);
    await receiver.until(() => receiver.text.includes("10\n"));
    receiver.pause();
    await davitd.engine.ok(["exec", id, "sh", "-c", "seq 1 200000 > /proc/1/fd/1"]);
    await expectUnhindered(id);
  });

  test("never answers StopLogging", async () => {
    server.answer({ "LogDriver.StopLogging": never });
    await expectUnhindered(await writing(10));
  });

  test("is gone", async () => {
    const id = await writing(10);
    await receiver.until(() => receiver.text.includes("10\n"));
    await server.stop();
    receiver.die();
    await davitd.engine.ok(["exec", id, "sh", "-c", "seq 1 100000 > /proc/1/fd/1"]);
    expect(await timed("exec", id, "true")).toBeLessThan(5_000);
    expect(await timed("stop", "-t", "0", id)).toBeLessThan(5_000);
    expect(await timed("rm", "-f", id)).toBeLessThan(5_000);
    await server.start();
  });
});

test("the engine stops at once while one does not answer StopLogging, and the next one ends it", async () => {
  const { engine } = davitd;
  server.answer({ "LogDriver.StopLogging": never });
  await engine.ok(["run", "-d", ...driver, ...container, "echo", "last"]);
  const first = await server.nextCall("LogDriver.StopLogging");
  const start = performance.now();
  expect(await engine.stop()).toBe(0);
  expect(performance.now() - start).toBeLessThan(5_000);
  server.answer(receiver.answers);
  await engine.start();
  expect((await server.nextCall("LogDriver.StopLogging")).body).toEqual(first.body);
  expect(receiver.text).toBe("last\n");
});

test("one that never answers StartLogging fails the start after ten seconds, and nothing else waits", async () => {
  server.answer({ "LogDriver.StartLogging": never });
  const id = await davitd.engine.ok(["create", ...driver, ...container, "true"]);
  const started = davitd.engine.docker(["start", id]);
  await server.nextCall("LogDriver.StartLogging");
  expect(await timed("ps", "-a")).toBeLessThan(5_000);
  expect((await started).stderr).toContain("failed to initialize logging driver: error creating logger");
  expect(await davitd.engine.ok(["inspect", "--format", "{{.State.Status}}", id])).toBe("created");
});

test.each([
  ["no JSON", () => "nonsense"],
  ["something else", () => ({ Err: 5 })],
])("one that answers StartLogging with %s fails the start", async (_name, answer) => {
  server.answer({ "LogDriver.StartLogging": answer });
  const { stderr } = await davitd.engine.docker(["run", "--rm", ...driver, ...container, "true"]);
  expect(stderr).toMatch(/error creating logger: .*LogDriver\.StartLogging: undecodable answer/);
});

test("what one that has stopped reading did not take, it gets when it goes on", async () => {
  await writing(50_000);
  await receiver.until(() => receiver.text.includes("\n100\n"));
  receiver.pause();
  await davitd.engine.ok(["ps"]);
  receiver.resume();
  await receiver.until(() => receiver.text.endsWith("\n50000\n"));
  expect(receiver.text).toBe(numbers(1, 50_000));
});

test("one that was started anew is told to begin again, and gets what the old one did not read", async () => {
  receiver.isDeaf = true;
  const id = await writing(3_000);
  await davitd.engine.ok(["exec", id, "true"]);
  // It had room for all of it in its pipe, and read none.
  await server.stop();
  receiver.isDeaf = false;
  await server.start();
  await receiver.until(() => receiver.text.endsWith("\n3000\n"));
  expect(receiver.text).toBe(numbers(1, 3_000));
  await davitd.engine.ok(["exec", id, "sh", "-c", "echo more > /proc/1/fd/1"]);
  await receiver.until(() => receiver.text.endsWith("\nmore\n"));
});

test("one that was started anew at the same TCP address is told to begin again, and none of its lines is lost", async () => {
  const { engine } = davitd;
  await using tcp = await startPluginServer({
    implements: ["LogDriver"],
    answers: receiver.answers,
    listen: { port: 0 },
  });
  await writeFile(join(engine.pluginSpecDir, "ontcp.spec"), tcp.address);
  driver = ["--log-driver", "ontcp"];
  const id = await writing(3_000);
  await receiver.until(() => receiver.text.endsWith("\n3000\n"));
  await tcp.stop();
  receiver.die();
  await engine.ok(["exec", id, "sh", "-c", "seq 3001 9000 > /proc/1/fd/1"]);
  await tcp.start();
  await receiver.until(() => receiver.text.endsWith("\n9000\n"));
  expect(receiver.text).toBe(numbers(1, 9_000));
  // Once more, with nothing written meanwhile.
  await tcp.stop();
  receiver.die();
  tcp.forget();
  await tcp.start();
  await tcp.nextCall("LogDriver.StartLogging");
  await engine.ok(["exec", id, "sh", "-c", "echo more > /proc/1/fd/1"]);
  await receiver.until(() => receiver.text.endsWith("\nmore\n"));
  await engine.ok(["rm", "-f", id]);
}, 60_000);

test("a start waits for one that is not there yet", async () => {
  const id = await davitd.engine.ok(["create", ...driver, ...container, "echo", "late"]);
  await server.stop();
  const started = davitd.engine.docker(["start", id]);
  await davitd.engine.line("plugin is not there: it is waited for");
  await server.start();
  expect((await started).stderr).toBe("");
  await receiver.until(() => receiver.text === "late\n");
});

test("a container that has ended is delivered to one that comes back later", async () => {
  receiver.isDeaf = true;
  const id = await davitd.engine.ok(["run", "-d", ...driver, ...container, "seq", "1", "20000"]);
  await davitd.engine.ok(["wait", id]);
  await server.stop();
  receiver.isDeaf = false;
  await server.start();
  await server.nextCall("LogDriver.StopLogging");
  await receiver.until(() => receiver.text.endsWith("\n20000\n"));
  expect(receiver.text).toBe(numbers(1, 20_000));
});

test("a bounded buffer drops what is too old, says so to everybody, and goes on with the rest", async () => {
  receiver.isDeaf = true;
  const { engine } = davitd;
  const since = String(Math.floor(Date.now() / 1000));
  const id = await writing(600_000, "--log-opt", "mode=non-blocking", "--log-opt", "max-buffer-size=2m");
  const until = String(Math.floor(Date.now() / 1000) + 8);
  const event = await engine.ok([
    "events",
    `--since=${since}`,
    `--until=${until}`,
    `--filter=container=${id}`,
    "--filter=event=log_dropped",
    "--format={{json .Actor.Attributes}}",
  ]);
  expect(JSON.parse(event.split("\n")[0] ?? "")).toMatchObject({
    driver: driver[1],
    lines: expect.any(String),
  });
  await engine.line("output of a container is lost to its log driver");
  await server.stop();
  receiver.isDeaf = false;
  await server.start();
  await receiver.until(() => receiver.text.endsWith("\n600000\n"));
  const [note, ...rest] = receiver.text.split("davit: ").slice(-1).join("").split("\n");
  expect(note).toMatch(/^\d+ lines are missing here: the log driver was too far behind$/);
  const first = Number(rest[0]);
  expect(rest.join("\n")).toBe(numbers(first, 600_000));
  expect(first).toBeGreaterThan(500_000);
}, 60_000);

test("a daemon that was killed goes on where it stopped", async () => {
  const { engine } = davitd;
  const script =
    "i=0; while [ $i -lt 40 ]; do seq $((i*1000+1)) $((i*1000+1000)); usleep 50000; i=$((i+1)); done";
  const id = await engine.ok(["run", "-d", ...driver, ...container, "sh", "-c", script]);
  await receiver.until(() => receiver.text.includes("\n5000\n"));
  await engine.kill();
  const [first] = receiver.logs;
  await first?.ended;
  await engine.start();
  await receiver.until(() => receiver.text.endsWith("\n40000\n"));
  expect(receiver.logs).toHaveLength(2);
  const stopped = await server.nextCall("LogDriver.StopLogging");
  expect(stopped.body).toEqual({ File: first?.file });
  // What was being written when it was killed comes twice at most; nothing is missing.
  const lines = receiver.text.trimEnd().split("\n").map(Number);
  expect([...new Set(lines)].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 40_000 }, (_, index) => index + 1),
  );
  await engine.ok(["wait", id]);
});

describe("reading", () => {
  test("without the plugin's help is from what the engine keeps, unless that is disabled", async () => {
    const id = await writing(100);
    await receiver.until(() => receiver.text.endsWith("\n100\n"));
    expect((await davitd.engine.docker(["logs", id])).stdout).toBe(numbers(1, 100));
    const other = await writing(1, "--log-opt", "cache-disabled=true");
    expect((await davitd.engine.docker(["logs", other])).stderr).toContain(
      "configured logging driver does not support reading",
    );
  });

  test.each([
    ["no entry", () => Readable.from([Buffer.from("nonsense nonsense")]), "log entry of 1852796531 bytes"],
    ["half an entry", () => Readable.from([Buffer.from([0, 0, 0, 9, 1])]), "ends within an entry"],
    ["an error", () => ({ Err: "no" }), ""],
  ])("%s is an error", async (_name, answer, message) => {
    server.answer({
      "LogDriver.Capabilities": () => ({ Cap: { ReadLogs: true } }),
      "LogDriver.ReadLogs": answer,
    });
    const id = await writing(1);
    const from = davitd.engine.log.length;
    const { exitCode } = await davitd.engine.docker(["logs", id]);
    expect(exitCode).toBe(1);
    await davitd.engine.line(message, from);
  });

  test("an answer without an end fills nothing", async () => {
    const entry = encodeLogEntry({
      source: "stdout",
      timeNano: 1n,
      line: Buffer.alloc(16_000, "x"),
      partial: false,
    });
    let sent = 0;
    const endless = () =>
      new Readable({
        read() {
          sent += entry.length;
          this.push(entry);
        },
      });
    server.answer({
      "LogDriver.Capabilities": () => ({ Cap: { ReadLogs: true } }),
      "LogDriver.ReadLogs": endless,
    });
    const { engine } = davitd;
    const id = await writing(1);
    const head = ["-c", `"$0" logs ${id} | head -c 100000000 | wc -c`];
    const { runCommand, findPeer } = await import("@davit/testkit");
    const result = await runCommand("sh", [...head, findPeer("docker")], { env: engine.environment() });
    expect(result.stdout.trim()).toBe("100000000");
    const status = await readFile(`/proc/${String(await engine.pid())}/status`, "utf8");
    const peakKilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
    expect(peakKilobytes).toBeLessThan(700_000);
    expect(sent).toBeGreaterThan(100_000_000);
  });
});

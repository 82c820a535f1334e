import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import {
  busyboxRootfs,
  findPeer,
  startDavitdWithJournal,
  type TestEngine,
  TestJournal,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// A real systemd-journald, which another program would read in the same way.

const cleanup = new AsyncDisposableStack();
let journal: TestJournal;
let engine: TestEngine;
beforeAll(async () => {
  journal = cleanup.use(await TestJournal.start());
  engine = cleanup.use(await startDavitdWithJournal(journal));
  await engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => cleanup.disposeAsync());

const container = ["--log-driver", "journald", "--network", "none", "--init=false"];

const started = (script: string, ...options: readonly string[]): Promise<string> =>
  engine.ok(["run", "-d", ...container, ...options, "busybox", "sh", "-c", script]);

async function ran(script: string, ...options: readonly string[]): Promise<string> {
  const id = await started(script, ...options);
  await engine.ok(["wait", id]);
  return id;
}

const logs = (id: string, ...options: readonly string[]) => engine.docker(["logs", ...options, id]);
/** `docker logs -f`, with its output as it comes. */
const followed = (id: string, ...options: readonly string[]) => {
  const args = ["-H", `unix://${engine.socket}`, "logs", "-f", ...options, id];
  return spawn(findPeer("docker"), args, { stdio: ["ignore", "pipe", "ignore"] }).stdout;
};
const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

test("entries have the Engine's fields, and those that labels, environment and tag ask for", async () => {
  const id = await ran(
    "echo out; echo err >&2; printf 'a\\377b'",
    "--name=told",
    "--label=com.acme-team=a b",
    "--label=container_id_full=forged",
    "--env=STAGE=x",
    "--env=_HIDDEN=two\nlines",
    "--log-opt=labels=com.acme-team,container_id_full",
    "--log-opt=env-regex=^(STAGE|_HIDDEN)$",
    "--log-opt=tag={{.Name}}/{{.ID}}",
  );
  // Read first: what is still to be sent is.
  expect((await logs(id)).stderr).toBe("err\n");
  const entries = await journal.entries(`CONTAINER_ID_FULL=${id}`);
  const tag = `told/${id.slice(0, 12)}`;
  const common = {
    CONTAINER_ID: id.slice(0, 12),
    CONTAINER_ID_FULL: id,
    CONTAINER_NAME: "told",
    CONTAINER_TAG: tag,
    SYSLOG_IDENTIFIER: tag,
    IMAGE_NAME: "busybox",
    COM_ACME_TEAM: "a b",
    STAGE: "x",
    HIDDEN: "two\nlines",
    SYSLOG_TIMESTAMP: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
    _TRANSPORT: "journal",
  };
  const byPriority = entries.toSorted((a, b) => (String(a["PRIORITY"]) < String(b["PRIORITY"]) ? -1 : 1));
  expect(byPriority).toMatchObject([
    { ...common, PRIORITY: "3", MESSAGE: "err" },
    { ...common, PRIORITY: "6", MESSAGE: "out" },
    {
      ...common,
      PRIORITY: "6",
      MESSAGE: [97, 255, 98],
      CONTAINER_PARTIAL_MESSAGE: "true",
      CONTAINER_PARTIAL_ORDINAL: "1",
      CONTAINER_PARTIAL_LAST: "false",
    },
  ]);
  expect(new Set(entries.map((entry) => entry["CONTAINER_LOG_EPOCH"])).size).toBe(1);
  expect(entries.map((entry) => entry["CONTAINER_LOG_ORDINAL"])).toEqual(["1", "2", "3"]);
  expect((await logs(id, "--details")).stderr).toBe("COM_ACME_TEAM=a+b,HIDDEN=two%0Alines,STAGE=x err\n");
});

describe("options and availability", () => {
  test.each([
    ["max-size=1m", "unknown log opt 'max-size' for journald log driver"],
    ["labels-regex=(", "error parsing regexp"],
    ["tag={{.Foo}}", "can't evaluate field Foo in type *logger.Info"],
  ])("%s is refused", async (option, message) => {
    const { stderr } = await engine.docker(["create", ...container, "--log-opt", option, "busybox", "true"]);
    expect(stderr).toContain(message);
  });

  test("info lists it", async () => {
    expect(await engine.ok(["info", "--format", "{{.Plugins.Log}}"])).toBe("[journald json-file local]");
  });
});

describe("logs", () => {
  test("gives all of it, its end, and what lies between times", async () => {
    const id = await ran("for i in 1 2 3 4; do echo $i; usleep 20000; done");
    expect((await logs(id)).stdout).toBe("1\n2\n3\n4\n");
    expect((await logs(id, "--tail", "2")).stdout).toBe("3\n4\n");
    expect((await logs(id, "--tail", "9")).stdout).toBe("1\n2\n3\n4\n");
    expect((await logs(id, "--tail", "0")).stdout).toBe("");
    const third = (await logs(id, "--timestamps")).stdout.split("\n")[2]?.split(" ")[0] ?? "";
    expect((await logs(id, "--since", third)).stdout).toBe("3\n4\n");
    expect((await logs(id, "--until", third)).stdout).toMatch(/^1\n2\n/);
  });

  test("joins what was cut of a line of over 16 KiB", async () => {
    const id = await ran("echo first; head -c 40000 /dev/zero | tr '\\0' x; echo; echo last");
    expect((await logs(id)).stdout).toBe(`first\n${"x".repeat(40_000)}\nlast\n`);
    expect((await logs(id, "--tail", "2")).stdout).toBe(`${"x".repeat(40_000)}\nlast\n`);
    const pieces = await journal.entries(`CONTAINER_ID_FULL=${id}`, "CONTAINER_PARTIAL_ORDINAL=3");
    expect(pieces).toMatchObject([{ CONTAINER_PARTIAL_LAST: "true", MESSAGE: "x".repeat(40_000 - 32_768) }]);
    expect(pieces[0]).not.toHaveProperty("CONTAINER_PARTIAL_MESSAGE");
  });

  test("followed from near its end gives what comes after, and ends with the container", async () => {
    const id = await started("seq 1 100; exec sleep 600");
    expect((await logs(id)).stdout).toBe(numbers(1, 100));
    const following = followed(id, "--tail", "10");
    const shown = text(following);
    await once(following, "data");
    await engine.ok(["exec", id, "sh", "-c", "echo more > /proc/1/fd/1"]);
    expect((await logs(id, "--tail", "1")).stdout).toBe("more\n");
    await engine.ok(["kill", id]);
    expect(await shown).toBe(`${numbers(91, 100)}more\n`);
  });

  test("followed while it is written gives every line, and ends", async () => {
    const id = await started("usleep 300000; seq 1 9000");
    expect((await logs(id, "--follow")).stdout).toBe(numbers(1, 9000));
  });

  test("followed of a container that is removed ends", async () => {
    const id = await started("echo up; exec sleep 600");
    const following = followed(id);
    const shown = text(following);
    await once(following, "data");
    await engine.ok(["rm", "-f", id]);
    expect(await shown).toBe("up\n");
  });
});

test("what a container that is removed at once has written is in the journal", async () => {
  const name = "brief";
  await engine.ok(["run", "--rm", `--name=${name}`, ...container, "busybox", "seq", "1", "3000"]);
  const entries = await journal.entries(`CONTAINER_NAME=${name}`);
  expect(entries.map((entry) => `${String(entry["MESSAGE"])}\n`).join("")).toBe(numbers(1, 3000));
});

test("a daemon that was killed sends no line twice and loses none", async () => {
  const script =
    "i=0; while [ $i -lt 8 ]; do seq $((i*1000+1)) $((i*1000+1000)); usleep 50000; i=$((i+1)); done";
  const id = await started(script);
  await engine.kill();
  await engine.start();
  await engine.ok(["wait", id]);
  expect((await logs(id)).stdout).toBe(numbers(1, 8000));
});

test("a journal that is not there for a while gets everything once it is", async () => {
  const id = await started("echo before; exec sleep 600");
  expect((await logs(id)).stdout).toBe("before\n");
  await journal.stopDaemon();
  await engine.ok(["exec", id, "sh", "-c", "seq 1 500 > /proc/1/fd/1"]);
  await engine.line("cannot write the log of a container now");
  await journal.startDaemon();
  let shown = "";
  for await (const chunk of followed(id)) {
    shown += String(chunk);
    // The container ends when all is there, and the answer with it.
    if (shown.endsWith("\n500\n")) await engine.ok(["kill", id]);
  }
  expect(shown).toBe(`before\n${numbers(1, 500)}`);
});

test("one that hangs holds up neither containers nor the engine's stop", async () => {
  process.kill(journal.pid, "SIGSTOP");
  try {
    const id = await started("seq 1 100000; exec sleep 600");
    await engine.ok(["exec", id, "true"]);
    const start = performance.now();
    await engine.ok(["rm", "-f", id]);
    expect(performance.now() - start).toBeLessThan(6_000);
    expect(await engine.stop()).toBe(0);
    expect(performance.now() - start).toBeLessThan(15_000);
  } finally {
    process.kill(journal.pid, "SIGCONT");
  }
  await engine.start();
});

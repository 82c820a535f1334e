import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { busyboxRootfs, findPeer, startDavitd } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
beforeAll(async () => {
  await davitd.engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

const container = ["--network", "none", "busybox"];

/** Runs a script to its end under a driver; answers the container's ID. */
async function ran(script: string, ...options: readonly string[]): Promise<string> {
  const id = await davitd.engine.ok(["create", ...options, ...container, "sh", "-c", script]);
  await davitd.engine.ok(["start", id]);
  await davitd.engine.ok(["wait", id]);
  return id;
}

const logPath = (id: string): Promise<string> =>
  davitd.engine.ok(["inspect", "--format", "{{.LogPath}}", id]);

const logs = (id: string, ...options: readonly string[]) => davitd.engine.docker(["logs", ...options, id]);

async function jsonLines(path: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(path, "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

describe("options", () => {
  test.each([
    [["--log-driver", "nosuch"], 'error looking up logging plugin nosuch: plugin "nosuch" not found'],
    [["--log-opt", "foo=1"], "unknown log opt 'foo' for json-file log driver"],
    [["--log-driver", "local", "--log-opt", "tag=1"], "unknown log opt 'tag' for log driver local"],
    [["--log-opt", "mode=x"], "logger: logging mode not supported: x"],
    [
      ["--log-opt", "max-buffer-size=1m"],
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
    [
      ["--log-opt", "mode=non-blocking", "--log-opt", "max-buffer-size=zz"],
      "error parsing option max-buffer-size: invalid size: 'zz'",
    ],
    [["--log-opt", "cache-disabled=xx"], "invalid value for option cache-disabled: xx"],
  ])("%j is refused", async (options, message) => {
    const { stderr, exitCode } = await davitd.engine.docker(["create", ...options, ...container, "true"]);
    expect(stderr.split("\n")[0]).toBe(`Error response from daemon: ${message}`);
    expect(exitCode).toBe(1);
  });

  test.skipIf(process.env["DAVIT_E2E"] === "dockerd").each([
    ["json-file", "max-size=x", "invalid size: 'x'"],
    ["json-file", "max-size=0", "max-size must be a positive number"],
    ["json-file", "max-file=x", 'strconv.Atoi: parsing "x": invalid syntax'],
    ["json-file", "max-file=0", "max-file cannot be less than 1"],
    [
      "json-file",
      "compress=true",
      "compress cannot be true when max-file is less than 2 or max-size is not set",
    ],
    ["json-file", "tag={{.Foo}}", "can't evaluate field Foo in type *logger.Info"],
    ["json-file", "tag={{", "template: log-tag:1: unclosed action"],
    ["json-file", "labels-regex=(", "error parsing regexp"],
    ["local", "max-size=x", "invalid value for max-size: x: invalid size: 'x'"],
    ["local", "max-file=1", "compression cannot be enabled when max file count is 1"],
    ["local", "compress=zz", "error reading compress log option"],
    ["journald", "tag=x", "journald is not enabled on this host"],
  ])("%s refuses %s when the container is made", async (driver, option, message) => {
    const options = ["--log-driver", driver, "--log-opt", option];
    const { stderr } = await davitd.engine.docker(["create", ...options, ...container, "true"]);
    expect(stderr).toContain(message);
  });

  test("info names the default driver and those that there are", async () => {
    const [driver, list] = (
      await davitd.engine.ok(["info", "--format", "{{.LoggingDriver}} {{.Plugins.Log}}"])
    ).split(" [");
    expect(driver).toBe("json-file");
    expect(list).toMatch(/json-file local/);
  });
});

describe("json-file", () => {
  test("writes a line each as other programs read them, with labels, environment and tag", async () => {
    const id = await ran(
      "echo out '<&>'; echo err >&2; printf end",
      "--label=team=a b",
      "--label=other=1",
      "--env=STAGE=x,y",
      "--name=told",
      "--log-opt=labels=team",
      "--log-opt=env-regex=^STA",
      "--log-opt=tag={{.Name}}/{{.ID}}",
    );
    const path = await logPath(id);
    expect(path).toBe(`${davitd.engine.dataRoot}/containers/${id}/${id}-json.log`);
    const attrs = { STAGE: "x,y", tag: `told/${id.slice(0, 12)}`, team: "a b" };
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
    const lines = await jsonLines(path);
    expect(lines.toSorted((a, b) => String(b["log"]).localeCompare(String(a["log"])))).toEqual([
      { log: "out <&>\n", stream: "stdout", attrs, time },
      { log: "err\n", stream: "stderr", attrs, time },
      { log: "end", stream: "stdout", attrs, time },
    ]);
    expect(await readFile(path, "utf8")).toContain(String.raw`"out \u003c\u0026\u003e\n"`);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    const shown = await logs(id, "--details");
    const details = `STAGE=x%2Cy,tag=told%2F${id.slice(0, 12)},team=a+b`;
    expect(shown.stdout).toBe(`${details} out <&>\n${details} end`);
    expect(shown.stderr).toBe(`${details} err\n`);
    const config = await davitd.engine.ok(["inspect", "--format", "{{json .HostConfig.LogConfig}}", id]);
    expect(JSON.parse(config)).toMatchObject({ Type: "json-file", Config: { labels: "team" } });
  });

  test("logs gives all of it, its end, and what lies between times", async () => {
    const id = await ran("for i in 1 2 3 4; do echo $i; usleep 20000; done");
    expect((await logs(id)).stdout).toBe("1\n2\n3\n4\n");
    expect((await logs(id, "--tail", "2")).stdout).toBe("3\n4\n");
    expect((await logs(id, "--tail", "0")).stdout).toBe("");
    const stamped = (await logs(id, "--timestamps")).stdout.trimEnd().split("\n");
    const third = stamped[2]?.split(" ")[0] ?? "";
    expect(third).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect((await logs(id, "--since", third)).stdout).toBe("3\n4\n");
    expect((await logs(id, "--until", third)).stdout).toMatch(/^1\n2\n/);
  });

  test("a line of over 16 KiB is cut in the file and whole in logs; so is one without an end", async () => {
    const id = await ran("head -c 40000 /dev/zero | tr '\\0' x; echo; head -c 20000 /dev/zero | tr '\\0' y");
    const lengths = (await jsonLines(await logPath(id))).map(({ log }) => String(log).length);
    expect(lengths).toEqual([16384, 16384, 40001 - 2 * 16384, 16384, 20000 - 16384]);
    expect((await logs(id)).stdout).toBe(`${"x".repeat(40000)}\n${"y".repeat(20000)}`);
  });

  test("is continued by the next run", async () => {
    const id = await ran("printf started");
    await davitd.engine.ok(["start", id]);
    await davitd.engine.ok(["wait", id]);
    expect((await jsonLines(await logPath(id))).map(({ log }) => log)).toEqual(["started", "started"]);
    expect((await logs(id)).stdout).toBe("startedstarted");
  });

  test("is changed for another file at its size, and the older ones are compressed", async () => {
    const id = await ran(
      "seq 1 200000",
      "--log-opt=max-size=1m",
      "--log-opt=max-file=3",
      "--log-opt=compress=true",
    );
    // Read first: what is still to be written is.
    const shown = (await logs(id)).stdout;
    const names = (await readdir(dirname(await logPath(id)))).filter((name) => name.startsWith(id)).sort();
    expect(names.slice(0, 2)).toEqual([`${id}-json.log`, expect.stringMatching(/^\w+-json\.log\.1(\.gz)?$/)]);
    expect(names.at(-1)).toBe(`${id}-json.log.2.gz`);
    const first = Number(shown.split("\n")[0]);
    expect(first).toBeGreaterThan(150_000);
    expect(shown).toBe(numbers(first, 200_000));
    expect((await logs(id, "--tail", "20000")).stdout).toBe(numbers(180_001, 200_000));
  });

  // dockerd loses some.
  test.skipIf(process.env["DAVIT_E2E"] === "dockerd")(
    "is followed across many changes without losing a line",
    async () => {
      const options = ["--log-opt", "max-size=200k", "--log-opt", "max-file=100"];
      const script = "usleep 200000; seq 1 60000";
      const id = await davitd.engine.ok(["run", "-d", ...options, ...container, "sh", "-c", script]);
      expect((await logs(id, "--follow")).stdout).toBe(numbers(1, 60_000));
    },
  );
});

test.skipIf(process.env["DAVIT_E2E"] === "dockerd")(
  "output that is no text comes back byte for byte",
  async () => {
    const id = await ran("printf '\\377\\000\\303(\\n'; printf 'ok\\n'");
    const response = await davitd.engine.request("GET", `/containers/${id}/logs?stdout=1`);
    expect(response.status).toBe(200);
    const [first, second] = await jsonLines(await logPath(id));
    expect(first).toMatchObject({ log: "\ufffd\u0000\ufffd(\n", base64: "/wDDKA==" });
    expect(second).not.toHaveProperty("base64");
  },
);

test("none keeps nothing, and says so", async () => {
  const id = await ran("echo gone", "--log-driver", "none");
  expect((await logs(id)).stderr).toBe(
    "Error response from daemon: configured logging driver does not support reading\n",
  );
  expect(await logPath(id)).toBe("");
  const args = ["run", "--rm", "--log-driver", "none", ...container, "echo", "attached"];
  expect(await davitd.engine.ok(args)).toBe("attached");
});

test("local keeps the end of the output, as long as its files were to be", async () => {
  const options = ["--log-driver", "local", "--log-opt", "max-size=100k", "--log-opt", "max-file=2"];
  const id = await ran("seq 1 200000", ...options);
  const shown = (await logs(id)).stdout;
  const first = Number(shown.split("\n")[0]);
  expect(first).toBeGreaterThan(100_000);
  expect(shown).toBe(numbers(first, 200_000));
  expect(await logPath(id)).toBe("");
});

describe.skipIf(process.env["DAVIT_E2E"] === "dockerd")("the monitor's file", () => {
  const usedBytes = async (id: string): Promise<number> => {
    const { blocks } = await stat(join(davitd.engine.dataRoot, "containers", id, "output.log"));
    return blocks * 512;
  };

  test.each(["json-file", "local", "none"])(
    "takes little space under %s, however much was written",
    async (driver) => {
      const limit = driver === "none" ? [] : ["--log-opt=max-size=100k", "--log-opt=max-file=2"];
      const id = await ran("seq 1 400000", `--log-driver=${driver}`, ...limit);
      // The last of it is passed on, and freed, after the container has ended.
      while ((await usedBytes(id)) > 8 * 1024 * 1024);
      expect(await usedBytes(id)).toBeGreaterThan(0);
    },
  );

  test("is kept for a client that is slow to read", async () => {
    const args = ["run", "--rm", "--log-driver=none", ...container, "seq", "1", "500000"];
    const child = spawn(findPeer("docker"), args, {
      env: davitd.engine.environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [first] = await once(child.stdout, "readable");
    expect(first).toBeUndefined();
    const id = await davitd.engine.ok(["ps", "-q", "--no-trunc", "--latest"]);
    const written = join(davitd.engine.dataRoot, "containers", id, "output.log");
    while ((await stat(written)).size < 20_000_000);
    expect(await text(child.stdout)).toBe(numbers(1, 500_000));
  });
});

describe.skipIf(process.env["DAVIT_E2E"] === "dockerd")("the daemon", () => {
  test("gives containers its own driver and options, unless they ask for others", async () => {
    await using engine = await startDavitd("--log-driver=json-file", "--log-opt=max-size=10m");
    await engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
    const configOf = async (...options: readonly string[]) => {
      const id = await engine.ok(["create", ...options, ...container, "true"]);
      return JSON.parse(await engine.ok(["inspect", "--format", "{{json .HostConfig.LogConfig}}", id]));
    };
    expect(await configOf()).toEqual({ Type: "json-file", Config: { "max-size": "10m" } });
    expect(await configOf("--log-opt", "max-size=1m")).toMatchObject({ Config: { "max-size": "1m" } });
    expect(await configOf("--log-driver", "local")).toEqual({ Type: "local", Config: {} });
    await engine.stop();
    await writeFile(`${engine.dir}/daemon.json`, JSON.stringify({ "log-opts": { tag: "x" } }));
    await expect(engine.start()).rejects.toThrow("log-opts: (from flag: ");
    await writeFile(`${engine.dir}/daemon.json`, "{}");
    await engine.start();
  });

  test("killed again and again while a container writes loses no line and writes none twice", async () => {
    await using engine = await startDavitd();
    await engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
    const options = ["--log-opt", "max-size=300k", "--log-opt", "max-file=1000"];
    const script =
      "i=0; while [ $i -lt 60 ]; do seq $((i*1000+1)) $((i*1000+1000)); usleep 50000; i=$((i+1)); done";
    const id = await engine.ok(["run", "-d", ...options, ...container, "sh", "-c", script]);
    for (let round = 0; round < 4; round += 1) {
      const reached = async (): Promise<number> => Number(await engine.ok(["logs", "--tail", "1", id]));
      while ((await reached()) < (round + 1) * 7000);
      await engine.kill();
      await engine.start();
    }
    await engine.ok(["wait", id]);
    expect((await engine.docker(["logs", id])).stdout).toBe(numbers(1, 60_000));
  });
});

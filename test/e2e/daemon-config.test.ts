import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile, stat, writeFile } from "node:fs/promises";
import { daemonRoots, mustRun, repository, runCommand, startDavitd, TempDir } from "@davit/testkit";
import { describe, expect, test } from "vitest";
import { startProgram } from "./start-program.ts";
import { useDavitd } from "./use-davitd.ts";

const program = `${repository}/bin/davitd`;
const davitd = (args: readonly string[], command: readonly string[] = []) => {
  const [first = program, ...rest] = [...command, program, ...args];
  return runCommand(first, rest);
};

describe("a daemon that does not start", () => {
  test.for([
    [["--nonsense"], "davitd: unknown flag: --nonsense\nSee 'davitd --help'.\n"],
    [["--iptables", "false"], "davitd: \"davitd\" accepts no argument(s).\nSee 'davitd --help'.\n"],
    [
      ["--config-file=/nonexistent"],
      "davitd: unable to configure the Docker daemon with file /nonexistent: ENOENT",
    ],
    [["--log-level=foo"], "davitd: setting log-level: expected one of debug, info, warn, error, fatal"],
    [["--tlsverify", "-H", "tcp://127.0.0.1:0"], "davitd: setting tlsverify: clients cannot be verified"],
  ] as const)("%j: %s", async ([args, message]) => {
    const { stderr, exitCode } = await davitd(args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
  });

  test("because its file has unknown keys names them", async () => {
    await using dir = await TempDir.create("dc");
    await writeFile(dir.join("d.json"), JSON.stringify({ nope: 1, debug: true, zap: 2 }));
    const { stderr } = await davitd(["--config-file", dir.join("d.json")]);
    expect(stderr).toContain("the following directives don't match any configuration option: nope, zap");
  });

  test("because it is not root says so", async () => {
    await using dir = await TempDir.create("dc");
    const { stderr, exitCode } = await davitd(
      ["--data-root", dir.join("d")],
      ["setpriv", "--reuid=65534", "--clear-groups"],
    );
    expect(stderr).toBe("davitd: starting davitd: it needs root, for mounts, namespaces and devices\n");
    expect(exitCode).toBe(1);
  });

  test("because its disk is full says which, and what to do", async () => {
    await using dir = await TempDir.create("dc");
    await mustRun("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir.path]);
    await writeFile(dir.join("filler"), Buffer.alloc(1 << 20)).catch(() => undefined);
    const { stderr, exitCode } = await davitd([...daemonRoots(dir.path), "-H", `unix://${dir.join("s")}`]);
    expect(stderr).toMatch(
      new RegExp(`^davitd: .*${dir.path}.*: free some space there, then start it again\n$`),
    );
    expect(exitCode).toBe(1);
  });
});

test("--validate checks flags and file, warns of what is ignored, and starts nothing", async () => {
  await using dir = await TempDir.create("dc");
  await writeFile(dir.join("d.json"), JSON.stringify({ "exec-opts": ["a=b"], "data-root": dir.join("d") }));
  const line = ["--validate", "--config-file", dir.join("d.json"), "--dns=1.1.1.1", "--dns", "8.8.8.8"];
  const { stdout, stderr, exitCode } = await davitd(line);
  expect(stdout).toBe("configuration OK\n");
  expect(stderr).toBe(
    "warning: --dns has no meaning for this engine and is ignored\n" +
      "warning: exec-opts in the configuration file has no meaning for this engine and is ignored\n",
  );
  expect(exitCode).toBe(0);
  await expect(access(dir.join("d"))).rejects.toThrow("ENOENT");
});

describe("a running daemon", () => {
  const own = useDavitd("--iptables=false", "-s", "overlay2", "--icc");
  const file = () => `${own.engine.dir}/daemon.json`;
  const reload = async (settings: object | string, answer: string): Promise<string> => {
    const from = own.engine.log.length;
    await writeFile(file(), typeof settings === "string" ? settings : JSON.stringify(settings));
    process.kill(await own.engine.pid(), "SIGHUP");
    return own.engine.line(answer, from);
  };

  test("has warned once of each flag of dockerd that it ignores", () => {
    const warnings = own.engine.log.filter((line) => line.includes("has no meaning for this engine"));
    expect(warnings.map((line) => /--[\w-]+/.exec(line)?.[0])).toEqual([
      "--iptables",
      "--storage-driver",
      "--icc",
    ]);
  });

  test("takes over on SIGHUP what can change, says what waits for a restart, and tells it as an event", async () => {
    const since = Date.now() / 1000;
    const settings = {
      debug: true,
      labels: ["a=b"],
      "insecure-registries": ["reg:5"],
      "live-restore": false,
      "log-format": "json",
    };
    expect(await reload(settings, "Reloaded configuration")).toContain("applied=");
    expect(own.engine.log.join("\n")).toContain('next start" key=log-format');
    const info = await own.engine.ok([
      "info",
      "--format",
      "{{.Debug}} {{.LiveRestoreEnabled}} {{.Labels}} {{json .RegistryConfig}}",
    ]);
    expect(info).toContain("true false [a=b]");
    expect(info).toContain('"reg:5"');
    const filter = ["--filter", "type=daemon", "--format", "{{json .}}"];
    const events = await own.engine.ok([
      "events",
      "--since",
      String(since),
      "--until",
      String(Date.now() / 1000 + 1),
      ...filter,
    ]);
    expect(JSON.parse(events)).toMatchObject({
      Type: "daemon",
      Action: "reload",
      Actor: { Attributes: { debug: "true", labels: '["a=b"]', "insecure-registries": '["reg:5"]' } },
    });
  });

  test.for([
    ['{"debug":', "unable to configure the Docker daemon with file"],
    [{ nope: 1 }, "don't match any configuration option: nope"],
    [{ "registry-mirrors": ["ftp://x"] }, "registry mirror ftp://x"],
    [{ "data-root": "/x" }, "specified both as a flag and in the configuration file: data-root"],
  ] as const)("goes on as it was when the file has become %j", async ([settings, complaint]) => {
    await reload({ labels: ["kept=yes"] }, "Reloaded configuration");
    expect(await reload(settings, "level=error")).toContain(complaint);
    expect(await own.engine.ok(["info", "--format", "{{.Labels}}"])).toBe("[kept=yes]");
  });

  test("writes its process ID, and takes the file and its socket away when it stops", async () => {
    const [pidFile, socket] = [`${own.engine.dir}/davitd.pid`, own.engine.socket];
    expect(await readFile(pidFile, "utf8")).toBe(`${await own.engine.pid()}\n`);
    expect((await stat(socket)).mode & 0o777).toBe(0o660);
    await writeFile(file(), "{}");
    expect(await own.engine.stop()).toBe(0);
    for (const path of [pidFile, socket]) await expect(access(path)).rejects.toThrow("ENOENT");
    await own.engine.start();
  });

  test("keeps others from its roots, by name and process", async () => {
    const roots = (data: string, exec: string) => [
      "--data-root",
      data,
      "--exec-root",
      exec,
      "-H",
      "unix:///tmp/none",
    ];
    const pid = String(await own.engine.pid());
    for (const args of [
      roots(own.engine.dataRoot, `${own.engine.dir}/e2`),
      roots(`${own.engine.dir}/d2`, `${own.engine.dir}/exec`),
    ]) {
      const { stderr, exitCode } = await davitd(args);
      const root = args[1] === own.engine.dataRoot ? args[1] : args[3];
      expect(stderr).toBe(`davitd: locking ${root}: another davitd (process ${pid}) is using it\n`);
      expect(exitCode).toBe(1);
    }
  });
});

test("a daemon whose group is set gives its socket to it", async () => {
  await using engine = await startDavitd("--group=12");
  expect((await stat(engine.socket)).gid).toBe(12);
});

test("a daemon whose log nobody reads any more goes on", async () => {
  await using dir = await TempDir.create("dc");
  const child = spawn(program, [...daemonRoots(dir.path), "-D", "-H", `unix://${dir.join("s")}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  let log = "";
  for await (const chunk of child.stderr) {
    log += String(chunk);
    if (log.includes("completed initialization")) break;
  }
  child.stderr.destroy();
  const ping = () => mustRun("curl", ["-sS", "--unix-socket", dir.join("s"), "http://d/v1.40/volumes/none"]);
  for (let request = 0; request < 3; request += 1) expect(await ping()).toContain("no such volume");
  child.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
});

test("a daemon whose log is to be JSON writes nothing else, from its first line to its last", async () => {
  await using dir = await TempDir.create("dc");
  const flags = ["--log-format=json", "--icc", "-H", `unix://${dir.join("s")}`];
  const daemon = startProgram(program, [...daemonRoots(dir.path), ...flags]);
  await daemon.line("completed initialization");
  expect(await daemon.stop()).toBe(0);
  const lines: unknown[] = daemon.log.map((line) => JSON.parse(line));
  for (const line of lines) {
    expect(line).toMatchObject({ level: expect.stringMatching(/^(info|warn)/), time: expect.any(String) });
  }
  expect(lines[0]).toMatchObject({ msg: "--icc has no meaning for this engine and is ignored" });
  expect(lines.at(-1)).toMatchObject({ msg: "stopped" });
});

test("a daemon that is asked to stop while it starts stops", async () => {
  await using dir = await TempDir.create("dc");
  const child = spawn(program, [...daemonRoots(dir.path), "-H", `unix://${dir.join("s")}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  let log = "";
  for await (const chunk of child.stderr) {
    log += String(chunk);
    // Once: a second signal would end it at once.
    if (log.includes("API listen on") && !child.killed) child.kill("SIGTERM");
  }
  expect((await exited)[0]).toBe(0);
  expect(log).toContain("msg=stopped");
});

test("a daemon that is told to reload while it starts does so once it has", async () => {
  await using dir = await TempDir.create("dc");
  // A warning is the first line; nothing serves yet then.
  const daemon = startProgram(program, [...daemonRoots(dir.path), "--icc", "-H", `unix://${dir.join("s")}`]);
  await daemon.line("--icc has no meaning");
  daemon.signal("SIGHUP");
  await daemon.line("Reloaded configuration");
  expect(await daemon.stop()).toBe(0);
});

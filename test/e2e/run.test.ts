import { readFile, readlink } from "node:fs/promises";
import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
  await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "one"]);
  await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "--opt", "tmpfs=1", "memory"]);
});

const run = (...args: readonly string[]) =>
  davitd.engine.docker(["run", "--rm", "--network", "none", ...args]);

/** The calls that the plugin has seen of a volume, without its own bookkeeping ones. */
async function callsFor(volume: string): Promise<readonly string[]> {
  const id = await davitd.engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/v"]);
  const log = await readFile(`${davitd.engine.dataRoot}/plugins/${id}/propagated-mount/calls.log`, "utf8");
  const pattern = /^VolumeDriver\.(Mount|Unmount) \{"Name":"([^"]*)","ID":"([0-9a-f]{64})"\}$/;
  return log.split("\n").flatMap((line) => {
    const [, method, name, mount] = pattern.exec(line) ?? [];
    return name === volume ? [`${method ?? ""} ${mount ?? ""}`] : [];
  });
}

describe("run with a plugin's volume", () => {
  test("reads in one container what another wrote", async () => {
    expect(await run("-v", "one:/data", "busybox", "sh", "-c", "echo hello > /data/file")).toMatchObject({
      exitCode: 0,
    });
    expect(await run("-v", "one:/data", "busybox", "cat", "/data/file")).toEqual({
      stdout: "hello\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("calls Mount and Unmount once for each, with an ID of its own", async () => {
    const before = (await callsFor("one")).length;
    await run("-v", "one:/data", "busybox", "true");
    const [mount = "", unmount = "", ...more] = (await callsFor("one")).slice(before);
    expect(mount).toMatch(/^Mount [0-9a-f]{64}$/);
    expect(unmount).toBe(mount.replace("Mount", "Unmount"));
    expect(more).toEqual([]);
  });

  test("sees a file system that the plugin mounted", async () => {
    const { stdout } = await run("-v", "memory:/m", "busybox", "sh", "-c", "grep ' /m ' /proc/mounts");
    expect(stdout).toMatch(/^tmpfs \/m tmpfs /);
  });

  test("mounts read-only when told so", async () => {
    const { stderr, exitCode } = await run("-v", "one:/data:ro", "busybox", "touch", "/data/other");
    expect(stderr).toBe("touch: /data/other: Read-only file system\n");
    expect(exitCode).toBe(1);
  });

  test("does not start, and keeps nothing, when the plugin refuses to mount", async () => {
    await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "--opt", "fail=Mount", "refusing"]);
    const { stderr, exitCode } = await run("-v", "refusing:/data", "busybox", "true");
    expect(stderr).toContain("told to fail in Mount");
    expect(exitCode).toBe(125);
    expect(await davitd.engine.ok(["ps", "--all", "--quiet"])).toBe("");
    await davitd.engine.ok(["volume", "rm", "refusing"]);
  });

  test("keeps a volume that a container uses", async () => {
    const id = await davitd.engine.ok([
      "run",
      "-d",
      "--network",
      "none",
      "-v",
      "one:/data",
      "busybox",
      "sleep",
      "600",
    ]);
    const { stderr } = await davitd.engine.docker(["volume", "rm", "one"]);
    expect(stderr).toBe(`Error response from daemon: remove one: volume is in use - [${id}]\n`);
    await davitd.engine.ok(["rm", "--force", id]);
  });
});

describe("run", () => {
  test("passes output, errors, input and the exit code", async () => {
    const script = "cat; echo oops >&2; exit 7";
    const args = ["run", "--rm", "-i", "--network", "none", "busybox", "sh", "-c", script];
    expect(await davitd.engine.docker(args, { input: "typed" })).toEqual({
      stdout: "typed",
      stderr: "oops\n",
      exitCode: 7,
    });
  });

  test("sets environment, working directory and user", async () => {
    const { stdout } = await run(
      "-e",
      "A=b",
      "-w",
      "/tmp",
      "-u",
      "7:8",
      "busybox",
      "sh",
      "-c",
      "echo $A $PWD $(id -u) $(id -g)",
    );
    expect(stdout).toBe("b /tmp 7 8\n");
  });

  test("mounts a directory of the host and a tmpfs", async () => {
    const source = davitd.dir.join("plugin");
    const { stdout } = await run(
      "-v",
      `${source}:/host:ro`,
      "--tmpfs",
      "/t",
      "busybox",
      "sh",
      "-c",
      "ls /host; stat -f -c %T /t",
    );
    expect(stdout).toBe("config.json\nrootfs\ntmpfs\n");
  });

  test("answers 127 for a program that is not there", async () => {
    const { stderr, exitCode } = await run("busybox", "nosuchprogram");
    expect(stderr).toContain('exec: "nosuchprogram": executable file not found in $PATH');
    expect(exitCode).toBe(127);
  });

  test("answers 125 for an image that is nowhere", async () => {
    const { stderr, exitCode } = await run("127.0.0.1:1/nosuch", "true");
    expect(stderr).toContain("Unable to find image '127.0.0.1:1/nosuch:latest' locally");
    expect(exitCode).toBe(125);
  });

  test("--detach prints the ID; logs, ps, stop and rm know it", async () => {
    const detached = ["run", "--detach", "--name", "keeper", "--network", "none", "busybox"];
    const script = "trap 'exit 3' TERM; echo started; while :; do sleep 1 & wait $!; done";
    const id = await davitd.engine.ok([...detached, "sh", "-c", script]);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await davitd.engine.ok(["ps", "--format", "{{.Names}} {{.Image}} {{.State}}"])).toBe(
      "keeper busybox running",
    );
    expect(await davitd.engine.ok(["stop", "keeper"])).toBe("keeper");
    expect(await davitd.engine.ok(["logs", "keeper"])).toBe("started");
    expect(await davitd.engine.ok(["inspect", "--format", "{{.State.ExitCode}}", "keeper"])).toBe("3");
    expect(await davitd.engine.ok(["rm", "keeper"])).toBe("keeper");
    expect(await davitd.engine.ok(["ps", "--all", "--quiet"])).toBe("");
  });

  test("shares the host's network when told so", async () => {
    const own = await davitd.engine.ok([
      "run",
      "--rm",
      "--network",
      "host",
      "busybox",
      "readlink",
      "/proc/self/ns/net",
    ]);
    expect(own).toBe(await readlink("/proc/self/ns/net"));
  });
});

import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { busyboxRootfs, startDavitdInOwnNetwork, TempDir, type TestEngine } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seenEvents } from "./seen-events.ts";

const cleanup = new AsyncDisposableStack();
let engine: TestEngine;
let dir: TempDir;

beforeAll(async () => {
  dir = cleanup.use(await TempDir.create("ro"));
  engine = cleanup.use(await startDavitdInOwnNetwork("--live-restore=false"));
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => cleanup.disposeAsync());

const run = (...args: readonly string[]) => engine.docker(["run", "--rm", "--network", "none", ...args]);
const answer = async (...args: readonly string[]) =>
  (await engine.ok(["run", "--rm", "--network", "none", ...args])).trim();
const sh = (options: readonly string[], script: string) => answer(...options, "busybox", "sh", "-c", script);

describe("limits", () => {
  test.each([
    [["--memory", "64m"], "memory/memory.limit_in_bytes", "67108864"],
    [["--memory", "64m", "--memory-swap", "96m"], "memory/memory.memsw.limit_in_bytes", "100663296"],
    [["--memory", "64m"], "memory/memory.memsw.limit_in_bytes", "134217728"],
    [["--memory-reservation", "32m"], "memory/memory.soft_limit_in_bytes", "33554432"],
    [["--cpus", "0.5"], "cpu/cpu.cfs_quota_us", "50000"],
    [["--cpu-shares", "512"], "cpu/cpu.shares", "512"],
    [["--cpuset-cpus", "0"], "cpuset/cpuset.cpus", "0"],
    [["--pids-limit", "20"], "pids/pids.max", "20"],
  ])("%j", async (options, file, expected) => {
    expect(await answer(...options, "busybox", "cat", `/sys/fs/cgroup/${file}`)).toBe(expected);
  });

  test("what is out of range is refused, in the Engine's words", async () => {
    const { stderr, exitCode } = await run("--memory", "1m", "busybox", "true");
    expect(stderr).toContain("Error response from daemon: Minimum memory limit allowed is 6MB");
    expect(exitCode).toBe(125);
  });

  test("--ulimit and --oom-score-adj", async () => {
    expect(await sh(["--ulimit", "nofile=100:200"], "ulimit -n; ulimit -Hn")).toBe("100\n200");
    expect(await sh(["--oom-score-adj", "500"], "cat /proc/self/oom_score_adj")).toBe("500");
  });
});

describe("confinement", () => {
  const status = (options: readonly string[], field: string) =>
    sh(options, `grep ^${field}: /proc/self/status | cut -f 2`);

  test("--cap-drop and --cap-add", async () => {
    expect(await status(["--cap-drop", "ALL"], "CapBnd")).toBe("0000000000000000");
    expect(await status(["--cap-drop", "ALL", "--cap-add", "net_admin"], "CapBnd")).toBe("0000000000001000");
  });

  test("--security-opt no-new-privileges", async () => {
    expect(await status(["--security-opt", "no-new-privileges"], "NoNewPrivs")).toBe("1");
    expect(await status([], "NoNewPrivs")).toBe("0");
  });

  test("--security-opt seccomp: none, and one's own", async () => {
    expect(await status(["--security-opt", "seccomp=unconfined"], "Seccomp")).toBe("0");
    const profile = dir.join("profile.json");
    const syscalls = [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }];
    await writeFile(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls }));
    const options = ["--security-opt", `seccomp=${profile}`];
    expect(await sh(options, "mkdir /x 2>&1; touch /y && echo made")).toBe(
      "mkdir: can't create directory '/x': Operation not permitted\nmade",
    );
  });

  test("a profile of AppArmor is not there to be applied, and that is said", async () => {
    const { stderr, exitCode } = await run("--security-opt", "apparmor=own", "busybox", "true");
    expect(stderr).toContain("WARNING: The security option apparmor=own is not supported and was ignored.");
    expect(exitCode).toBe(0);
  });

  test("--privileged: all devices, no filter, nothing masked", async () => {
    const script =
      "ls /dev/loop-control; grep ^Seccomp: /proc/self/status; mount -t tmpfs x /tmp && echo mounted";
    expect(await sh(["--privileged"], `${script}; touch /proc/sys/kernel/hostname && echo writable`)).toBe(
      "/dev/loop-control\nSeccomp:\t0\nmounted\nwritable",
    );
  });

  test("--device at another place, with fewer rights", async () => {
    const script = "ls -l /dev/nil | cut -c 1; cat /dev/nil; echo x 2>&1 > /dev/nil || echo refused";
    expect(await sh(["--device", "/dev/null:/dev/nil:r"], script)).toContain("c");
    const { stderr } = await run("--device", "/dev/nosuch", "busybox", "true");
    expect(stderr).toContain(
      'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
    );
  });

  test("--group-add, --sysctl, --init, --hostname and --domainname", async () => {
    expect(await sh(["--group-add", "1234"], "id -G")).toBe("0 1234");
    expect(await sh(["--sysctl", "kernel.msgmax=9000"], "cat /proc/sys/kernel/msgmax")).toBe("9000");
    expect(await sh(["--init"], "cat /proc/1/comm")).toBe("docker-init");
    expect(
      await sh(
        ["--hostname", "deck", "--domainname", "ship.example"],
        "cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname /etc/hostname",
      ),
    ).toBe("deck\nship.example\ndeck");
  });
});

describe("namespaces", () => {
  test("of another container: network, IPC with its shared memory, processes, mounts", async () => {
    const options = ["--ipc", "shareable", "--hostname", "donor", "-v", "shared:/v"];
    const script = "echo memory > /dev/shm/f; echo volume > /v/f; echo ready; exec sleep 600";
    await engine.ok([
      "run",
      "-d",
      "--name",
      "donor",
      "--network",
      "none",
      ...options,
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    await seenEvents(engine, { container: "donor", action: "start" });
    const share = ["--network", "container:donor", "--ipc", "container:donor", "--pid", "container:donor"];
    const { stdout } = await engine.docker([
      "run",
      "--rm",
      ...share,
      "--volumes-from",
      "donor:ro",
      "busybox",
      "sh",
      "-c",
      "until [ -s /v/f ]; do :; done; cat /dev/shm/f /v/f; hostname; cat /proc/1/comm; touch /v/x 2>&1",
    ]);
    expect(stdout).toBe("memory\nvolume\ndonor\nsleep\ntouch: /v/x: Read-only file system\n");
    await engine.ok(["rm", "--force", "donor"]);
  });

  test("of the host: processes, names, IPC", async () => {
    expect(await sh(["--pid", "host"], "cat /proc/1/comm")).not.toBe("sh");
    expect(await sh(["--ipc", "none"], "ls /dev/shm 2>&1 || true")).toContain("No such file");
    expect(await sh(["--uts", "host"], "hostname")).toBe(hostname());
  });

  test("one that is not there, or does not run, is named", async () => {
    const missing = await run("--pid", "container:nosuch", "busybox", "true");
    expect(missing.stderr).toContain("Error response from daemon: No such container: nosuch");
    const id = await engine.ok(["create", "--network", "none", "busybox", "true"]);
    const idle = await run("--ipc", `container:${id}`, "busybox", "true");
    expect(idle.stderr).toContain(`cannot join IPC of a non running container: ${id}`);
    await engine.ok(["rm", id]);
  });
});

describe("mounts", () => {
  test("--mount type=bind refuses a missing source, -v makes it", async () => {
    const missing = dir.join("missing");
    const refused = await run("--mount", `type=bind,src=${missing},dst=/x`, "busybox", "true");
    expect(refused.stderr).toContain(
      `invalid mount config for type "bind": bind source path does not exist: ${missing}`,
    );
    expect(await answer("-v", `${missing}:/x`, "busybox", "ls", "-a", "/x")).toBe(".\n..");
  });

  test("--mount type=bind: read-only, and without what is mounted below", async () => {
    await mkdir(dir.join("bound"));
    const mount = `type=bind,src=${dir.join("bound")},dst=/x,readonly,bind-recursive=disabled`;
    expect(await sh(["--mount", mount], "touch /x/y 2>&1 || true")).toBe(
      "touch: /x/y: Read-only file system",
    );
  });

  test("--mount type=tmpfs and --tmpfs: size and mode", async () => {
    const options = ["--tmpfs", "/t:size=1m,mode=700", "--mount", "type=tmpfs,dst=/u,tmpfs-size=2m"];
    expect(await sh(options, "df -k /t /u | awk '/tmpfs/ { print $2 }'; stat -c %a /t")).toBe(
      "1024\n2048\n700",
    );
  });

  test("--mount type=volume: a part of it, and nothing outside of it", async () => {
    await sh(["-v", "parts:/v"], "mkdir /v/part; echo one > /v/part/f; ln -s /etc /v/out");
    const part = (path: string) => `type=volume,src=parts,dst=/v,volume-subpath=${path}`;
    expect(await answer("--mount", part("part"), "busybox", "cat", "/v/f")).toBe("one");
    for (const path of ["nosuch", "out", "part/../../x"]) {
      const { stdout, stderr, exitCode } = await run("--mount", part(path), "busybox", "ls", "/v");
      expect([path, stdout, exitCode === 0]).toEqual([path, "", false]);
      expect(stderr).toMatch(/cannot access path|subpath must be a relative path within the volume/);
    }
  });

  test("--mount type=volume: driver, options and labels", async () => {
    const mount =
      "type=volume,src=labelled,dst=/v,volume-driver=local,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=tmpfs";
    expect(await sh(["--mount", mount], "stat -f -c %T /v")).toBe("tmpfs");
    expect(await engine.ok(["volume", "inspect", "--format", "{{json .Labels}}", "labelled"])).toBe(
      '{"a":"b"}',
    );
  });
});

describe("the default network", () => {
  test("publishes a port that was named, one of the host's choice, and every exposed one", async () => {
    const id = await engine.ok([
      "run",
      "-d",
      "-p",
      "127.0.0.1:18080:80",
      "-p",
      "81",
      "-P",
      "--expose",
      "82/udp",
      "busybox",
      "sh",
      "-c",
      "exec nc -ll -p 80 -e echo hello",
    ]);
    const ports = (await engine.ok(["port", id])).split("\n");
    expect(ports).toContain("80/tcp -> 127.0.0.1:18080");
    expect(ports.filter((line) => /^8(1\/tcp|2\/udp) -> 0\.0\.0\.0:\d{4,5}$/.test(line))).toHaveLength(2);
    const second = await engine.docker(["run", "--rm", "-p", "127.0.0.1:18080:80", "busybox", "true"]);
    expect(second.stderr).toMatch(/Bind for 127\.0\.0\.1:18080 failed: port is already allocated/);
    await engine.ok(["rm", "--force", id]);
  });

  test("--dns, --dns-search, --dns-option and --add-host", async () => {
    const options = ["--dns", "192.0.2.1", "--dns-search", "example.org", "--dns-option", "ndots:2"];
    const { stdout } = await engine.docker([
      "run",
      "--rm",
      ...options,
      "--add-host",
      "pilot:192.0.2.7",
      "busybox",
      "sh",
      "-c",
      "cat /etc/resolv.conf; grep pilot /etc/hosts",
    ]);
    expect(stdout).toBe("nameserver 192.0.2.1\nsearch example.org\noptions ndots:2\n192.0.2.7\tpilot\n");
  });
});

test("a health check is seen in ps, inspect, filters and events", async () => {
  const options = [
    "--health-cmd",
    "test -e /ok && echo fine",
    "--health-interval",
    "200ms",
    "--health-retries",
    "1",
  ];
  await engine.ok([
    "run",
    "-d",
    "--name",
    "patient",
    "--network",
    "none",
    ...options,
    "busybox",
    "sleep",
    "600",
  ]);
  await seenEvents(engine, { container: "patient", action: "health_status: unhealthy" });
  expect(await engine.ok(["ps", "--format", "{{.Status}}", "--filter", "health=unhealthy"])).toMatch(
    /\(unhealthy\)$/,
  );
  await engine.ok(["exec", "patient", "touch", "/ok"]);
  await seenEvents(engine, { container: "patient", action: "health_status: healthy" });
  expect(
    await engine.ok([
      "inspect",
      "--format",
      "{{.State.Health.Status}} {{.State.Health.FailingStreak}}",
      "patient",
    ]),
  ).toBe("healthy 0");
  await engine.ok(["rm", "--force", "patient"]);
});

test("prune removes what does not run, by label", async () => {
  await engine.ok(["create", "--name", "kept", "--network", "none", "--label", "keep=1", "busybox", "true"]);
  await engine.ok(["create", "--name", "gone", "--network", "none", "busybox", "true"]);
  expect(await engine.ok(["container", "prune", "--force", "--filter", "label!=keep"])).toMatch(
    /Total reclaimed space: /,
  );
  expect(await engine.ok(["ps", "--all", "--format", "{{.Names}}"])).toBe("kept");
  await engine.ok(["rm", "kept"]);
});

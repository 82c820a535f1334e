import { lstat, mkdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { busyboxRootfs, mountsBelow, mustRun } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  const { engine } = davitd;
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
  await engine.ok(["plugin", "enable", "acme/v"]);
  await engine.ok(["volume", "create", "--driver", "acme/v", "one"]);
  const run = ["run", "-d", "--name", "box", "--network", "none", "-v", "one:/data", "busybox"];
  await engine.ok([...run, "sleep", "600"]);
  const script =
    "mkdir -p /a/b; echo 1 > /a/1; ln /a/1 /a/b/2; ln -s /a /link; ln -s /nosuch /dead; echo v > /data/v";
  await engine.ok(["exec", "box", "sh", "-c", script]);
  await engine.ok(["create", "--name", "idle", "--network", "none", "-v", "one:/data", "busybox", "true"]);
});

const copy = (from: string, to: string) => davitd.engine.docker(["cp", from, to]);

async function statOf(path: string): Promise<unknown> {
  const { headers } = await davitd.engine.request("HEAD", `/containers/box/archive?path=${path}`);
  const header = headers["x-docker-container-path-stat"];
  return typeof header === "string" ? JSON.parse(Buffer.from(header, "base64").toString()) : undefined;
}

async function callsFor(volume: string): Promise<readonly string[]> {
  const id = await davitd.engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/v"]);
  const log = await readFile(`${davitd.engine.dataRoot}/plugins/${id}/propagated-mount/calls.log`, "utf8");
  const pattern = /^VolumeDriver\.(Mount|Unmount) \{"Name":"([^"]*)"/;
  return log.split("\n").flatMap((line) => {
    const [, method = "", name] = pattern.exec(line) ?? [];
    return name === volume ? [method] : [];
  });
}

describe("cp out of a container", () => {
  test("takes a directory with all below it", async () => {
    await copy("box:/a", davitd.dir.path);
    expect(await readFile(davitd.dir.join("a", "b", "2"), "utf8")).toBe("1\n");
    const [one, two] = await Promise.all([lstat(davitd.dir.join("a/1")), lstat(davitd.dir.join("a/b/2"))]);
    expect(one.ino).toBe(two.ino);
  });

  test("takes a link as such, and what it leads to when asked", async () => {
    await copy("box:/link", davitd.dir.join("taken"));
    expect(await readlink(davitd.dir.join("taken"))).toBe("/a");
    await copy("box:/link/1", davitd.dir.join("one"));
    expect(await readFile(davitd.dir.join("one"), "utf8")).toBe("1\n");
  });

  test("finds what is in a volume", async () => {
    await copy("box:/data/v", davitd.dir.join("v"));
    expect(await readFile(davitd.dir.join("v"), "utf8")).toBe("v\n");
  });

  test("mounts a stopped container's volumes once, and nothing stays mounted", async () => {
    const before = (await callsFor("one")).length;
    const answer = await davitd.engine.request("GET", "/containers/idle/archive?path=/data/v");
    expect(answer.status).toBe(200);
    expect(answer.body).toContain("v\n");
    expect((await callsFor("one")).slice(before)).toEqual(["Mount", "Unmount"]);
    const id = await davitd.engine.ok(["inspect", "--format", "{{.Id}}", "idle"]);
    expect(await mountsBelow(`${davitd.engine.dataRoot}/containers/${id}`)).toEqual([]);
  });

  test("tells what is at a path", async () => {
    expect(await statOf("/a/1")).toMatchObject({ name: "1", size: 2, mode: 420, linkTarget: "" });
    expect(await statOf("/dead")).toMatchObject({ name: "dead", mode: 134218239, linkTarget: "/nosuch" });
    expect(await statOf("/link/")).toMatchObject({ name: "link", mode: 2147484141 });
    expect(await statOf("/")).toMatchObject({ name: "/" });
  });

  test("says so where there is nothing", async () => {
    const { stderr, exitCode } = await copy("box:/nosuch", davitd.dir.path);
    expect(stderr).toBe("Error response from daemon: Could not find the file /nosuch in container box\n");
    expect(exitCode).toBe(1);
  });

  test("never leaves the container by a link", async () => {
    await writeFile(davitd.dir.join("secret"), "secret");
    const up = "../".repeat(20);
    await davitd.engine.ok(["exec", "box", "ln", "-s", `${up}${davitd.dir.join("secret")}`, "/out"]);
    const { exitCode } = await davitd.engine.docker([
      "cp",
      "--follow-link",
      "box:/out",
      davitd.dir.join("x"),
    ]);
    expect(exitCode).toBe(1);
    const { status } = await davitd.engine.request("GET", "/containers/box/archive?path=/out/");
    expect(status).toBe(404);
  });
});

describe("cp into a container", () => {
  test("puts a directory with its links", async () => {
    const source = davitd.dir.join("source");
    await mkdir(`${source}/deep`, { recursive: true });
    await writeFile(`${source}/deep/file`, "text");
    await symlink("deep/file", `${source}/near`);
    await copy(source, "box:/tmp");
    expect(await davitd.engine.ok(["exec", "box", "cat", "/tmp/source/near"])).toBe("text");
  });

  test("reaches a volume of a stopped container", async () => {
    await writeFile(davitd.dir.join("note"), "note");
    await copy(davitd.dir.join("note"), "idle:/data/");
    expect(await davitd.engine.ok(["exec", "box", "cat", "/data/note"])).toBe("note");
  });

  test("refuses a read-only container", async () => {
    const run = ["run", "-d", "--name", "fixed", "--read-only", "--network", "none", "busybox"];
    await davitd.engine.ok([...run, "sleep", "600"]);
    const { stderr } = await copy("/etc/hostname", "fixed:/x");
    expect(stderr).toContain("container rootfs is marked read-only");
  });

  test.each([
    ["/nosuch", 404, "Could not find the file /nosuch in container box"],
    ["/a/1", 400, "extraction point is not a directory"],
    ["", 400, "bad parameter: path cannot be empty"],
  ])("refuses to unpack at '%s'", async (path, status, message) => {
    const answer = await davitd.engine.request("PUT", `/containers/box/archive?path=${path}`, {
      body: new Uint8Array(1024),
    });
    expect(answer).toMatchObject({ status, body: expect.stringContaining(message) });
  });

  test("refuses what is no archive", async () => {
    const answer = await davitd.engine.request("PUT", "/containers/box/archive?path=/tmp", {
      body: new TextEncoder().encode("garbage"),
    });
    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining("unexpected EOF") });
  });
});

test.skipIf(process.env["DAVIT_E2E"] === "dockerd")(
  "a container that has ended, which the engine does not know yet, is copied from and to as it is afterwards",
  async () => {
    const { engine } = davitd;
    const run = ["run", "-d", "--name", "ending", "--network", "none", "-v", "one:/data", "busybox"];
    await engine.ok([...run, "sh", "-c", "echo last > /last; exec sleep 600"]);
    await engine.ok(["exec", "ending", "cat", "/last"]);
    const pid = Number(await engine.ok(["inspect", "--format", "{{.State.Pid}}", "ending"]));
    const monitor = Number(
      /^PPid:\s*(\d+)$/m.exec(await readFile(`/proc/${String(pid)}/status`, "utf8"))?.[1],
    );
    process.kill(monitor, "SIGSTOP");
    try {
      process.kill(pid, "SIGKILL");
      // It keeps its number until the monitor has seen it, and has no root any more.
      const awaited = "import os, select, sys; select.select([os.pidfd_open(int(sys.argv[1]))], [], [])";
      await mustRun("python3", ["-c", awaited, String(pid)]);
      const archive = "/containers/ending/archive?path=";
      const answers = Promise.all([
        engine.request("GET", `${archive}/last`),
        engine.request("HEAD", `${archive}/data/v`),
        engine.request("GET", "/containers/ending/export"),
        engine.request("PUT", `${archive}/`, { body: new Uint8Array(1024) }),
      ]);
      expect(await engine.ok(["inspect", "--format", "{{.State.Running}}", "ending"])).toBe("true");
      process.kill(monitor, "SIGCONT");
      const [file, stat, whole, put] = await answers;
      expect([file.status, stat.status, whole.status, put.status]).toEqual([200, 200, 200, 200]);
      expect(file.body).toContain("last\n");
      expect(whole.body).toContain("last\n");
    } finally {
      process.kill(monitor, "SIGCONT");
    }
  },
);

test("export gives the root file system without what is mounted", async () => {
  const path = davitd.dir.join("all.tar");
  await davitd.engine.ok(["export", "--output", path, "box"]);
  await davitd.engine.ok(["import", path, "copied"]);
  const run = ["run", "--rm", "--network", "none", "copied"];
  expect(await davitd.engine.ok([...run, "sh", "-c", "cat /a/1; ls /data"])).toBe("1");
});

import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  mustRun,
  startDockerd,
  startDockerRegistry,
  type TestEngine,
  volumePluginConfig,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = (): TestEngine => davitd.engine;
const pluginsDir = (): string => join(engine().dataRoot, "plugins");

const oldId = "cd851ce43a403";
const newId = "b".repeat(64);
const { Linux: linux, ...rest } = volumePluginConfig;
/** As authors wrote it: lower-camel keys, and nothing called Linux. */
const early = { ...rest, capabilities: linux.Capabilities, devices: [] };

/** Puts files, given as JSON, and the volume plugin's root file system where Docker Engine had them. */
async function layOut(id: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  const dir = join(pluginsDir(), id);
  await mkdir(dir, { recursive: true });
  await cp(join(davitd.plugin, "rootfs"), join(dir, "rootfs"), { recursive: true });
  for (const [name, value] of Object.entries(files)) {
    await writeFile(join(dir, name), typeof value === "string" ? value : JSON.stringify(value));
  }
  return dir;
}

const writeIndex = (entries: Readonly<Record<string, object>>): Promise<void> =>
  writeFile(
    join(pluginsDir(), "plugins.json"),
    JSON.stringify(Object.fromEntries(Object.entries(entries).map(([id, plugin]) => [id, { plugin }]))),
  );

/** Everything below a directory, with what `ls` tells of it and the digests of files. */
const listing = (dir: string): Promise<string> =>
  mustRun("sh", [
    "-c",
    'cd "$1" && find . ! -type d -printf "%p %y %m %U %G %s %T@ %l\\n" | sort && find . -type f -exec sha256sum {} + | sort',
    "listing",
    dir,
  ]);

async function restart(): Promise<readonly string[]> {
  await engine().stop();
  await engine().start();
  return engine().log;
}

const show = (name: string): Promise<string> =>
  engine().ok(["plugin", "inspect", "--format", "{{.Id}} {{.Enabled}} {{.Settings.Env}}", name]);

describe("a plugin made by hand", () => {
  let originals: readonly string[];
  beforeAll(async () => {
    await engine().stop();
    await layOut(oldId, {
      "manifest.json": { manifestVersion: "v0.1", ...early },
      "plugin-config.json": {
        Env: ["BEHAVIOUR=serve", "ROOT=/data"],
        Mounts: null,
        Args: null,
        Devices: null,
      },
    });
    await layOut(newId, {
      "config.json": early,
      "plugin-settings.json": { Env: ["BEHAVIOUR=slow:0", "ROOT=/data"] },
    });
    await writeFile(join(pluginsDir(), oldId, "rootfs/etc-file"), "kept\n");
    await symlink("/etc/shadow", join(pluginsDir(), oldId, "rootfs/outward"));
    await chmod(join(pluginsDir(), oldId, "rootfs/etc-file"), 0o4750);
    await mustRun("mkfifo", [join(pluginsDir(), oldId, "rootfs/fifo")]);
    await mustRun("mknod", [join(pluginsDir(), oldId, "rootfs/device"), "c", "1", "3"]);
    await mustRun("truncate", ["-s", "300M", join(pluginsDir(), oldId, "rootfs/sparse")]);
    await writeIndex({
      [oldId]: { Id: oldId, Name: "acme/old", Tag: "v1", Active: true },
      [newId]: { Id: newId, Name: "acme/new", Tag: "", Enabled: false },
    });
    originals = await Promise.all([oldId, newId].map((id) => listing(join(pluginsDir(), id))));
    await engine().start();
  });

  test("is listed at the next start, and runs if it was active", async () => {
    await engine().line("Daemon has completed initialization");
    expect(await show("acme/old:v1")).toBe(`${oldId} true [BEHAVIOUR=serve ROOT=/data]`);
    expect(await show("acme/new")).toBe(`${newId} false [BEHAVIOUR=slow:0 ROOT=/data]`);
    await engine().ok(["volume", "create", "--driver", "acme/old:v1", "v"]);
    expect(await engine().ok(["volume", "ls", "--quiet", "--filter", "driver=acme/old:v1"])).toBe("v");
  });

  test("has links, FIFOs, devices and modes of its root file system as they were", async () => {
    const root = join(pluginsDir(), oldId, "rootfs");
    const told = await mustRun(
      "stat",
      ["-c", "%n %F %a %s %N", "etc-file", "outward", "fifo", "device", "sparse"],
      {
        cwd: root,
      },
    );
    expect(told).toBe(
      [
        "etc-file regular file 4750 5 'etc-file'",
        "outward symbolic link 777 11 'outward' -> '/etc/shadow'",
        "fifo fifo 644 0 'fifo'",
        "device character special file 644 0 'device'",
        `sparse regular file 644 ${String(300 * 1024 ** 2)} 'sparse'`,
        "",
      ].join("\n"),
    );
  });

  test("is set, enabled and disabled like any other, and its config.json stays", async () => {
    const config = await engine().ok(["plugin", "inspect", "--format", "{{json .Config}}", "acme/new"]);
    await engine().ok(["plugin", "set", "acme/new", "BEHAVIOUR=serve"]);
    await engine().ok(["plugin", "enable", newId.slice(0, 12)]);
    expect(await show("acme/new")).toBe(`${newId} true [BEHAVIOUR=serve ROOT=/data]`);
    expect(await engine().ok(["plugin", "inspect", "--format", "{{json .Config}}", "acme/new"])).toBe(config);
    await engine().ok(["plugin", "disable", "acme/new"]);
  });

  test("is pushed, and what was pushed installs and serves", async () => {
    const registry = await startDockerRegistry();
    const name = `${registry.host}/acme/pushed:1`;
    try {
      // A push goes to the plugin's own name.
      await engine().stop();
      const id = "d".repeat(64);
      await layOut(id, { "config.json": early });
      const index = JSON.parse(await readFile(join(pluginsDir(), "plugins.json"), "utf8"));
      const changed = { ...index, [id]: { plugin: { Name: name, Enabled: false } } };
      await writeFile(join(pluginsDir(), "plugins.json"), JSON.stringify(changed));
      await engine().start();
      await engine().ok(["plugin", "push", name]);
      await engine().ok(["plugin", "rm", name]);
      await engine().ok(["plugin", "install", "--grant-all-permissions", "--alias", "acme/again", name]);
      expect(await engine().ok(["volume", "create", "--driver", "acme/again", "w"])).toBe("w");
      await engine().ok(["volume", "rm", "w"]);
      await engine().ok(["plugin", "rm", "--force", "acme/again"]);
      await rm(join(pluginsDir(), id), { recursive: true });
      await writeFile(join(pluginsDir(), "plugins.json"), JSON.stringify(index));
    } finally {
      await registry.stop();
    }
  });

  test("is taken over once", async () => {
    await engine().ok(["volume", "rm", "v"]);
    await engine().ok(["plugin", "disable", "acme/old:v1"]);
    const log = await restart();
    expect(log.filter((line) => line.includes("took over plugin"))).toEqual([]);
    expect(await show("acme/old:v1")).toContain("false");
  });

  test("does not come back when it was removed, and its files stay as they were", async () => {
    await engine().ok(["plugin", "rm", "acme/old:v1", "acme/new"]);
    await restart();
    expect(await engine().ok(["plugin", "ls", "--quiet"])).toBe("");
    const now = await Promise.all([oldId, newId].map((id) => listing(join(pluginsDir(), id))));
    expect(now).toEqual(originals);
  });

  test("comes back if its directory was away meanwhile", async () => {
    const aside = davitd.dir.join("aside");
    await mustRun("mv", [join(pluginsDir(), newId), aside]);
    await writeIndex({});
    await restart();
    await mustRun("mv", [aside, join(pluginsDir(), newId)]);
    await writeIndex({ [newId]: { Name: "acme/new" } });
    await restart();
    expect(await show("acme/new")).toContain(newId);
    await engine().ok(["plugin", "rm", "acme/new"]);
  });
});

describe("a directory that cannot be taken over is named in the log and left alone:", () => {
  const reason = (id: string): string =>
    engine().log.find((line) => line.includes(`plugin ${id} cannot be taken over`)) ?? "";

  beforeAll(async () => {
    await engine().ok(["plugin", "create", "acme/taken", davitd.plugin]);
    await engine().stop();
    await rm(pluginsDir(), { recursive: true });
    await layOut("aa01", { "manifest.json": { manifestVersion: "v9" } });
    await layOut("aa02", { "manifest.json": "{" });
    await layOut("aa03", { "config.json": early });
    await layOut("aa04", { "config.json": early });
    await rm(join(pluginsDir(), "aa04/rootfs"), { recursive: true });
    await layOut("aa05", { "config.json": early });
    await rm(join(pluginsDir(), "aa05/rootfs"), { recursive: true });
    await symlink("/usr", join(pluginsDir(), "aa05/rootfs"));
    await symlink(join(davitd.dir.path, "plugin"), join(pluginsDir(), "aa06"));
    await layOut("aa07", {});
    await symlink("/etc/passwd", join(pluginsDir(), "aa07/config.json"));
    await layOut("aa08", {});
    await mustRun("mkfifo", [join(pluginsDir(), "aa08/config.json")]);
    await layOut("aa09", { "config.json": early });
    await layOut("aa10", { "config.json": early });
    await layOut("aa11", { "config.json": early, "plugin-settings.json": "null" });
    await layOut("aa13", { "config.json": early });
    await layOut("aa14", { "config.json": early });
    await layOut("ff99", { "config.json": early });
    const ids = ["aa01", "aa02", "aa04", "aa05", "aa06", "aa07", "aa08", "aa11", "aa12"];
    await writeIndex({
      ...Object.fromEntries(ids.map((id) => [id, { Name: `acme/${id}`, Enabled: true }])),
      aa09: { Name: "acme/taken" },
      aa10: { Name: "Acme/UPPER" },
      "../aa03": { Name: "acme/outside" },
      aa13: { Name: "acme/twice" },
      aa14: { Name: "acme/twice" },
      ff99: { Name: "acme/good" },
    });
    await engine().start();
  });

  test.for([
    ["aa01", 'unknown manifest version \\"v9\\"'],
    ["aa02", "manifest.json: "],
    ["aa03", "plugins.json does not name it"],
    ["aa04", "its rootfs is missing"],
    ["aa05", "is not a directory itself"],
    ["aa06", "is not a directory itself"],
    ["aa07", "config.json: links are not followed"],
    ["aa08", "config.json: not a regular file"],
    ["aa09", "the name acme/taken:latest is taken by plugin"],
    ["aa10", "its name: invalid reference format"],
    ["aa11", "plugin-settings.json: "],
    ["aa12", "its directory is missing"],
    ["../aa03", "its ID: expected"],
    ["aa14", "the name acme/twice:latest is taken by plugin aa13"],
  ] as const)("%s: %s", ([id, message]) => {
    expect(reason(id)).toContain(message);
  });

  test("and the others are taken over", async () => {
    const names = await engine().ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"]);
    expect(names.split("\n").sort()).toEqual([
      "acme/good:latest false",
      "acme/taken:latest false",
      "acme/twice:latest false",
    ]);
    await engine().ok(["plugin", "enable", "acme/good"]);
    await engine().ok(["plugin", "rm", "--force", "acme/good", "acme/taken", "acme/twice"]);
  });

  test("a plugins.json that is not JSON names nothing, and nothing is removed for it", async () => {
    await engine().stop();
    await writeFile(join(pluginsDir(), "plugins.json"), "{");
    const before = await listing(pluginsDir());
    await engine().start();
    expect(engine().log.join("\n")).toContain("plugins.json cannot be read");
    expect(await listing(pluginsDir())).toBe(before);
  });
});

test("a kill in the middle of taking over leaves nothing, and the next start takes over the whole", async () => {
  await engine().stop();
  await rm(pluginsDir(), { recursive: true });
  const id = "e".repeat(64);
  const dir = await layOut(id, { "config.json": early });
  // Long enough to be caught at it.
  await mustRun("sh", ["-c", 'head -c 100M /dev/urandom >"$1"', "fill", join(dir, "rootfs/large")]);
  await writeIndex({ [id]: { Name: "acme/large", Active: true } });
  const starting = engine().start();
  starting.catch(() => undefined);
  await engine().line("taking over plugin acme/large");
  await engine().kill();
  await expect(starting).rejects.toThrow("exit code");
  expect(engine().log.join("\n")).not.toContain("took over plugin acme/large");
  await engine().start();
  expect(await engine().ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])).toBe(
    "acme/large:latest true",
  );
  const layers = join(engine().dataRoot, "snapshots/layers");
  expect(await readdir(layers)).toHaveLength(1);
  const partial = await mustRun("find", [join(engine().dataRoot, "content"), "-type", "f", "-size", "+50M"]);
  expect(partial.trim().split("\n")).toHaveLength(1);
  expect(await mustRun("find", [join(engine().dataRoot, "content"), "-name", "write-*"])).toBe("");
});

test("a daemon that is asked to stop does not finish taking over first", async () => {
  await engine().ok(["plugin", "rm", "--force", "acme/large"]);
  await engine().stop();
  const id = "f".repeat(64);
  await cp(join(pluginsDir(), "e".repeat(64)), join(pluginsDir(), id), { recursive: true });
  await writeIndex({ [id]: { Name: "acme/larger" } });
  const starting = engine().start();
  starting.catch(() => undefined);
  await engine().line("taking over plugin acme/larger");
  expect(await engine().stop()).toBe(0);
  await Promise.allSettled([starting]);
  expect(engine().log.join("\n")).toContain("taking over a plugin was broken off");
});

describe("the plugins of a Docker Engine", () => {
  const cleanup = new AsyncDisposableStack();
  afterAll(() => cleanup.disposeAsync());

  test("are taken over from its data root, with the state and the data that they have", async () => {
    const docker = cleanup.use(await startDockerd());
    await docker.ok(["plugin", "create", "acme/theirs", davitd.plugin]);
    await docker.ok(["plugin", "set", "acme/theirs", "args=a b"]);
    await docker.ok(["plugin", "enable", "acme/theirs"]);
    await docker.ok(["volume", "create", "--driver", "acme/theirs", "data"]);
    const id = await docker.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/theirs"]);
    await docker.stop();

    await rm(pluginsDir(), { recursive: true });
    await mustRun("cp", ["-a", "--one-file-system", join(docker.dataRoot, "plugins"), pluginsDir()]);
    const before = await listing(join(pluginsDir(), "storage"));
    // As if the whole data root had been copied.
    const container = join(engine().dataRoot, "containers", "9".repeat(64));
    await mkdir(container);
    await writeFile(join(container, "config.v2.json"), "{}");
    await engine().start();
    await engine().line("Daemon has completed initialization");
    expect(await show("acme/theirs")).toBe(`${id} true [BEHAVIOUR=serve ROOT=/data]`);
    expect(await engine().ok(["plugin", "inspect", "--format", "{{.Settings.Args}}", "acme/theirs"])).toBe(
      "[a b]",
    );
    expect(await engine().ok(["volume", "ls", "--quiet", "--filter", "driver=acme/theirs:latest"])).toBe(
      "data",
    );
    expect(await listing(join(pluginsDir(), "storage"))).toBe(before);
    expect(await readdir(container)).toEqual(["config.v2.json"]);
    await engine().ok(["plugin", "rm", "--force", "acme/theirs"]);
    expect(await readdir(join(pluginsDir(), id))).toEqual(["config.json", "propagated-mount", "rootfs"]);
  });
});

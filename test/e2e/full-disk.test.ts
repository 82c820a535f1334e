import { open, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  type DockerRegistry,
  mountsBelow,
  mustRun,
  processesOf,
  startDockerRegistry,
  volumePluginConfig,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tarOf } from "./tar-of.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--live-restore=false");
const freeBytes = async (): Promise<number> => {
  const { bavail, bsize } = await statfs(davitd.engine.dataRoot);
  return bavail * bsize;
};
const filler = () => join(davitd.engine.dataRoot, "filler");
let registry: DockerRegistry;
let freeAtFirst = 0;

/** Leaves so many bytes of the disk. */
async function fillUpTo(left: number): Promise<void> {
  await writeFile(filler(), Buffer.alloc((await freeBytes()) - left));
}

/** What was taken is given back, but for what the database grows by. */
async function expectAsMuchFreeAsAtFirst(): Promise<void> {
  await rm(filler(), { force: true });
  await davitd.engine.stop();
  await davitd.engine.start();
  expect(await davitd.engine.ok(["plugin", "ls", "--quiet"])).toBe("");
  expect(freeAtFirst - (await freeBytes())).toBeLessThan(512 * 1024);
}

beforeAll(async () => {
  registry = await startDockerRegistry();
  const { engine, plugin } = davitd;
  await engine.ok(["plugin", "create", `${registry.host}/acme/v:1`, plugin]);
  await engine.ok(["plugin", "push", `${registry.host}/acme/v:1`]);
  await engine.ok(["plugin", "rm", `${registry.host}/acme/v:1`]);
  // The whole data root on a small disk of its own.
  await engine.stop();
  await rm(engine.dataRoot, { recursive: true });
  await mustRun("mount", ["--mkdir", "-t", "tmpfs", "-o", "size=40m,mode=710", "tmpfs", engine.dataRoot]);
  await engine.start();
  freeAtFirst = await freeBytes();
});
afterAll(() => registry.stop());

// The plugin has 7 MB unpacked, 3 MB packed: the first disk is full while it is received, the others while it is unpacked.
test.for([200_000, 2_000_000, 5_000_000])(
  "with %d bytes left no plugin is created, and nothing stays of it",
  async (left) => {
    await fillUpTo(left);
    const { stderr, exitCode } = await davitd.engine.docker(["plugin", "create", "acme/v", davitd.plugin]);
    expect(stderr).toMatch(/^Error response from daemon: .*no space left on device/m);
    expect(exitCode).toBe(1);
    await expectAsMuchFreeAsAtFirst();
  },
);

test.for([200_000, 2_000_000, 6_000_000])(
  "with %d bytes left no plugin is installed, and nothing stays of it",
  async (left) => {
    await fillUpTo(left);
    const install = ["plugin", "install", "--grant-all-permissions", `${registry.host}/acme/v:1`];
    const { stdout, stderr, exitCode } = await davitd.engine.docker(install);
    expect(`${stdout}${stderr}`).toMatch(/no space left on device/);
    expect(exitCode).toBe(1);
    await expectAsMuchFreeAsAtFirst();
  },
);

/** Takes what is left, that of the database too; answers what the first refusal says. */
async function fillWhole(): Promise<string> {
  await fillUpTo(0);
  // A database has some room of its own.
  for (let n = 0; n < 500; n += 1) {
    const { stderr, exitCode } = await davitd.engine.docker(["volume", "create", `v${String(n)}`]);
    if (exitCode !== 0) return stderr;
  }
  throw new Error("the disk does not become full");
}

/** Some hundred megabytes of zeros in a few hundred kilobytes. */
const bomb = (name: string): Uint8Array => gzipSync(tarOf([{ name, content: Buffer.alloc(300_000_000) }]));

test("what unpacks to more than the disk has is refused, and nothing stays of it", async () => {
  const { engine } = davitd;
  const config = { name: "config.json", content: JSON.stringify({ Interface: { Types: [], Socket: "s" } }) };
  const files = gzipSync(tarOf([config, { name: "rootfs/zeros", content: Buffer.alloc(300_000_000) }]));
  const created = await engine.request("POST", "/plugins/create?name=acme/bomb", { body: files });
  expect(created.body).toContain("no space left on device");
  expect(created.status).toBeGreaterThanOrEqual(400);
  for (const args of [["import", "-", "acme/bomb"], ["load"]]) {
    const { stdout, stderr, exitCode } = await engine.docker(args, { input: bomb("zeros") });
    expect([args, exitCode, `${stdout}${stderr}`]).toEqual([
      args,
      1,
      expect.stringMatching(/no space left on device|manifest/),
    ]);
  }
  const whole = await engine.request("POST", "/plugins/create?name=acme/bomb", { body: bomb("config.json") });
  expect(whole).toMatchObject({ status: 400, body: expect.stringContaining("config.json: larger than") });
  expect(await engine.ok(["image", "ls", "--quiet"])).toBe("");
  await expectAsMuchFreeAsAtFirst();
});

test("a disk that fills up while a plugin starts leaves it disabled, with nothing of it running, and it is enabled later", async () => {
  const { engine, dir } = davitd;
  await mustRun("mkdir", [dir.join("gate")]);
  await mustRun("mkfifo", [dir.join("gate/go")]);
  const waiting = "open(my $gate, '<', '/gate/go'); <$gate>; exec '/usr/bin/perl', '/plugin.pl'";
  const plugin = await writeVolumePlugin(dir.join("waiting"), {
    ...volumePluginConfig,
    Entrypoint: ["/usr/bin/perl", "-e", waiting],
    Mounts: [
      { Name: "gate", Source: dir.join("gate"), Destination: "/gate", Type: "bind", Options: ["rbind"] },
    ],
  });
  await engine.ok(["plugin", "create", "acme/v", plugin]);
  /** Enables it; what is done in between is done while its process runs, and does not listen yet. */
  const enable = async (between: () => Promise<unknown>) => {
    const enabling = engine.docker(["plugin", "enable", "acme/v"]);
    const gate = await open(dir.join("gate/go"), "w");
    await between();
    await gate.close();
    return enabling;
  };
  const isEnabled = () => engine.ok(["plugin", "inspect", "--format", "{{.Enabled}}", "acme/v"]);

  const refused = await enable(fillWhole);
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/no space left on device|disk is full/),
  });
  expect(await isEnabled()).toBe("false");
  expect(await mountsBelow(engine.dir)).toEqual([engine.dataRoot]);
  expect(await processesOf(engine.dir)).toEqual([await engine.pid()]);

  await rm(filler());
  expect(await enable(() => Promise.resolve())).toMatchObject({ exitCode: 0 });
  expect(await isEnabled()).toBe("true");
  await engine.ok(["plugin", "rm", "--force", "acme/v"]);
  await engine.ok(["volume", "prune", "--all", "--force"]);
});

test("with nothing left it answers, and refuses what it cannot write down", async () => {
  const { engine } = davitd;
  await engine.ok(["volume", "create", "before"]);
  expect(await fillWhole()).toMatch(/no space left on device|disk is full/);
  expect(await engine.ok(["volume", "inspect", "--format", "{{.Name}}", "before"])).toBe("before");
  await rm(filler());
  await engine.ok(["volume", "create", "after"]);
  await engine.ok(["volume", "prune", "--all", "--force"]);
  expect(await engine.ok(["volume", "ls", "--quiet"])).toBe("");
});

test("once there is room again, the plugin is installed and serves", async () => {
  const { engine } = davitd;
  const reference = `${registry.host}/acme/v:1`;
  await engine.ok(["plugin", "install", "--grant-all-permissions", reference]);
  await engine.ok(["volume", "create", "--driver", reference, "one"]);
  expect(await engine.ok(["volume", "ls", "--quiet"])).toBe("one");
  await engine.ok(["volume", "rm", "one"]);
  await engine.ok(["plugin", "rm", "--force", reference]);
});

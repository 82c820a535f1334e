import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DockerRegistry, mustRun, startDockerRegistry } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("with nothing left it answers, and refuses what it cannot write down", async () => {
  const { engine } = davitd;
  await engine.ok(["volume", "create", "before"]);
  await fillUpTo(0);
  const refused: string[] = [];
  // A database has some room of its own.
  for (let n = 0; refused.length === 0 && n < 500; n += 1) {
    const { stderr, exitCode } = await engine.docker(["volume", "create", `v${String(n)}`]);
    if (exitCode !== 0) refused.push(stderr);
  }
  expect(refused[0]).toMatch(/no space left on device|disk is full/);
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

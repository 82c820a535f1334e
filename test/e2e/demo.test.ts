import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { mountsBelow, processesOf, repository, runCommand, TempDir } from "@davit/testkit";
import { expect, test } from "vitest";

const node = join(repository, "node_modules/.bin/node");
const script = join(repository, "scripts/demo/main.ts");

/** The demo makes everything of its own in the directory of temporary files. */
const environment = (dir: TempDir) => ({ PATH: process.env["PATH"] ?? "", HOME: dir.path, TMPDIR: dir.path });

async function expectEmpty(dir: TempDir): Promise<void> {
  expect(await processesOf(dir.path), "processes").toEqual([]);
  expect(await mountsBelow(dir.path), "mounts").toEqual([]);
  const made = await readdir(dir.path);
  expect(
    made.filter((name) => /^(da|bb|registry)-/.test(name)),
    "directories",
  ).toEqual([]);
}

test("the demo shows a plugin's whole life and leaves nothing behind", async () => {
  await using dir = await TempDir.create("t");
  const { stdout, stderr, exitCode } = await runCommand(node, [script], { env: environment(dir) });
  expect(stderr).not.toContain("failed");
  expect(exitCode).toBe(0);
  for (const shown of [
    "X marks the spot\n",
    "local-volumes:latest   Volumes as directories or tmpfs mounts   true\n",
    "local-volumes:latest   treasure\n",
    "VolumeDriver.Create name=treasure",
    "npm start",
  ]) {
    expect(stdout).toContain(shown);
  }
  await expectEmpty(dir);
});

test("the demo cleans up when it is interrupted", async () => {
  await using dir = await TempDir.create("t");
  const child = spawn(node, [script], {
    env: environment(dir),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    // As Ctrl-C does, to every process of the foreground.
    if (line.includes("plugin push") && child.pid !== undefined) process.kill(-child.pid, "SIGINT");
  }
  expect(await exited).toEqual([130, null]);
  await expectEmpty(dir);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { busyboxRootfs, findPeer, mustRun } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--live-restore=false");
beforeAll(async () => {
  const { engine } = davitd;
  // The whole data root on a small disk of its own.
  await engine.stop();
  await rm(engine.dataRoot, { recursive: true });
  await mustRun("mount", ["--mkdir", "-t", "tmpfs", "-o", "size=40m,mode=710", "tmpfs", engine.dataRoot]);
  await engine.start();
  await engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** The numbers that logs gives from now on. */
async function* followed(id: string): AsyncGenerator<string> {
  const args = ["-H", `unix://${davitd.engine.socket}`, "logs", "--follow", "--tail=0", id];
  const child = spawn(findPeer("docker"), args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    yield* createInterface({ input: child.stdout });
  } finally {
    const closed = once(child, "close");
    child.kill();
    await closed;
  }
}

const numberOf = (line: string): number => Number(/^line (\d+)$/.exec(line.trim())?.[1] ?? 0);

test("a container goes on while the disk is full, the operator is told, and its log goes on when there is room", async () => {
  const { engine } = davitd;
  const script = "i=0; while :; do i=$((i+1)); echo line $i; usleep 2000; done";
  const id = await engine.ok(["run", "-d", "--network=none", "busybox", "sh", "-c", script]);
  const filler = join(engine.dataRoot, "filler");
  for await (const _line of followed(id)) break;
  const { bavail, bsize } = await statfs(engine.dataRoot);
  await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => undefined);
  await engine.line("the disk is full: output of containers is lost until there is room");
  expect(await engine.ok(["inspect", "--format", "{{.State.Status}}", id])).toBe("running");
  const before = (await engine.docker(["logs", "--tail=1", id])).stdout;
  await rm(filler);
  for await (const line of followed(id)) {
    if (numberOf(line) > numberOf(before) + 500) break;
  }
  await engine.ok(["kill", id]);
  const lines = (await engine.docker(["logs", id])).stdout.trimEnd().split("\n");
  // The disk may have cut one line, whose rest is another's.
  const whole = lines.filter((line) => /^line \d+$/.test(line));
  expect(lines.length - whole.length).toBeLessThan(3);
  const numbers = whole.map((line) => Number(line.slice("line ".length)));
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  await engine.ok(["rm", id]);
}, 60_000);

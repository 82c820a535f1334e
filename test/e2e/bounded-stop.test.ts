import { readFile } from "node:fs/promises";
import { busyboxRootfs, processesOf } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--shutdown-timeout=1", "--live-restore=false");

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

async function monitorOf(id: string): Promise<number> {
  for (const pid of await processesOf(davitd.engine.dir)) {
    const args = (await readFile(`/proc/${String(pid)}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (args[0]?.endsWith("conmon") && args.includes(id)) return pid;
  }
  throw new Error(`no monitor of ${id}`);
}

test("a container whose end is never told does not hold the daemon's stop, and is named", async () => {
  const { engine } = davitd;
  const options = ["--detach", "--network", "none", "--stop-signal", "KILL", "--stop-timeout", "1"];
  const id = await engine.ok(["run", ...options, "--name", "stuck", "busybox", "sleep", "600"]);
  const monitor = await monitorOf(id);
  process.kill(monitor, "SIGSTOP");
  try {
    expect(await engine.stop()).toBe(0);
    const left = engine.log.filter((line) => line.includes("without waiting for what did not end"));
    expect(left.join("\n")).toContain("stop containers");
    expect(left.join("\n")).toContain(id);
  } finally {
    process.kill(monitor, "SIGCONT");
  }
  await engine.start();
  expect(await engine.ok(["wait", "stuck"])).toBe("137");
});

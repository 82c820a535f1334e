import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { seenEvents } from "./seen-events.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** The first probe hangs, and what it starts is left to others or in a session of its own. */
const hangsOnce =
  "[ -e /once ] && exit 1; touch /once; echo slow; setsid sleep 7001 & sleep 7002 & (sleep 7003 &) ; sleep 7004; true";

const common = "--network none --stop-signal KILL --health-interval 100ms --health-retries 1".split(" ");

const start = (name: string, ...options: readonly string[]) => {
  const args = ["run", "--detach", "--name", name, ...common, "--health-cmd", hangsOnce, ...options];
  return davitd.engine.ok([...args, "busybox", "sleep", "600"]);
};

const sleepers = async (name: string): Promise<readonly string[]> =>
  (await davitd.engine.ok(["top", name, "-o", "pid,args"])).match(/sleep 700\d/g) ?? [];

test("a health check that takes too long is killed with all that it has started, and says so", async () => {
  await start("slow", "--health-timeout", "1500ms");
  await seenEvents(davitd.engine, { container: "slow", action: "health_status: unhealthy" });
  expect(await sleepers("slow")).toEqual([]);
  const first = await davitd.engine.ok([
    "inspect",
    "--format",
    "{{json (index .State.Health.Log 0)}}",
    "slow",
  ]);
  expect(JSON.parse(first)).toMatchObject({
    ExitCode: -1,
    Output: "Health check exceeded timeout (1.5s): slow\n",
  });
  await davitd.engine.ok(["rm", "--force", "slow"]);
});

test("a health check does not outlive the daemon, while its container does", async () => {
  await start("lasting");
  await seenEvents(davitd.engine, { container: "lasting", action: `exec_start: /bin/sh -c ${hangsOnce}` });
  await davitd.engine.stop();
  await davitd.engine.start();
  expect(await davitd.engine.ok(["inspect", "--format", "{{.State.Status}}", "lasting"])).toBe("running");
  expect(await sleepers("lasting")).toEqual([]);
  await davitd.engine.ok(["rm", "--force", "lasting"]);
});

test("a container that ends during its health check is cleaned up after", async () => {
  await start("ending");
  await seenEvents(davitd.engine, { container: "ending", action: `exec_start: /bin/sh -c ${hangsOnce}` });
  await davitd.engine.ok(["stop", "ending"]);
  await davitd.engine.ok(["rm", "ending"]);
  expect(davitd.engine.log.filter((line) => /level=(error|warn)/.test(line))).toEqual([]);
});

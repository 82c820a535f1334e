import { setTimeout as delay } from "node:timers/promises";
import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--live-restore=false");

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

const runDetached = (name: string, policy: string, ...command: readonly string[]) =>
  davitd.engine.ok([
    ...["run", "-d", "--name", name, "--network", "none", "--restart", policy],
    ...["busybox", ...command],
  ]);

const inspect = (name: string, format: string) =>
  davitd.engine.ok(["inspect", "--format", format, name]);

/** Reads a container's events until `count` of an action have come. */
async function untilEvents(name: string, action: string, count: number): Promise<void> {
  const since = "1";
  const filters = JSON.stringify({ container: [name], event: [action], type: ["container"] });
  for (;;) {
    const until = Math.floor(Date.now() / 1000) + 1;
    const query = `since=${since}&until=${until}&filters=${encodeURIComponent(filters)}`;
    const { body } = await davitd.engine.request("GET", `/events?${query}`);
    if (String(body).split("\n").filter(Boolean).length >= count) return;
    await delay(100);
  }
}

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
beforeAll(async () => {
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** Answers once the engine waits, which it tells by the head of its answer; `code` is the rest. */
async function waiting(container: string, condition: string): Promise<{ readonly code: Promise<unknown> }> {
  const path = `/v1.41/containers/${container}/wait?condition=${condition}`;
  const asked = request({ socketPath: engine().socket, method: "POST", path });
  asked.end();
  const [answer]: IncomingMessage[] = await once(asked, "response");
  if (answer === undefined) throw new Error("no answer");
  expect(answer.statusCode).toBe(200);
  const code = text(answer).then((body) => {
    const { StatusCode }: { StatusCode?: unknown } = JSON.parse(body);
    return StatusCode;
  });
  return { code };
}

const create = (name: string, ...rest: readonly string[]) =>
  engine().ok(["create", "--name", name, "--network", "none", ...rest]);
const script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done";
const obedient = ["busybox", "sh", "-c", script] as const;
/** Started, and listening to signals. */
async function start(name: string): Promise<void> {
  await engine().ok(["start", name]);
  const path = `/containers/${name}/logs?stdout=1&follow=1`;
  const logs = request({ socketPath: engine().socket, path });
  logs.end();
  const [answer]: IncomingMessage[] = await once(logs, "response");
  if (answer !== undefined) await once(answer, "data");
  logs.destroy();
}

test("what does not run is told at once, the next exit when it comes, and the removal after that", async () => {
  await create("ends", ...obedient);
  expect(await (await waiting("ends", "not-running")).code).toBe(0);
  const [next, removed] = [await waiting("ends", "next-exit"), await waiting("ends", "removed")];
  await start("ends");
  const stopped = await waiting("ends", "not-running");
  await engine().ok(["kill", "--signal", "TERM", "ends"]);
  expect([await next.code, await stopped.code]).toEqual([3, 3]);
  expect(await (await waiting("ends", "not-running")).code).toBe(3);
  await engine().ok(["rm", "ends"]);
  expect(await removed.code).toBe(3);
});

test("one that removes itself is waited for until it is gone", async () => {
  await create("gone", "--rm", ...obedient);
  const removed = await waiting("gone", "removed");
  await start("gone");
  await engine().ok(["kill", "--signal", "TERM", "gone"]);
  expect(await removed.code).toBe(3);
  expect(await engine().ok(["ps", "--all", "--quiet"])).toBe("");
});

test("a restart is an exit for those who wait for the next one, and renaming changes nothing for them", async () => {
  await create("again", ...obedient);
  await start("again");
  const next = await waiting("again", "next-exit");
  await engine().ok(["rename", "again", "renamed"]);
  await engine().ok(["restart", "--time", "5", "renamed"]);
  expect(await next.code).toBe(3);
  expect(await engine().ok(["inspect", "--format", "{{.State.Running}}", "renamed"])).toBe("true");
  await engine().ok(["rm", "--force", "renamed"]);
});

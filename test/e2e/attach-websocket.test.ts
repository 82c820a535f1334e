import { busyboxRootfs, WebsocketClient } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { seenEvents } from "./seen-events.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

const create = (name: string, options: readonly string[], ...command: readonly string[]) =>
  davitd.engine.ok(["create", "--name", name, "--network", "none", ...options, "busybox", ...command]);
const open = (container: string, query: string, version = "v1.41") =>
  WebsocketClient.open(davitd.engine.socket, `/${version}/containers/${container}/attach/ws?${query}`);

test("a terminal is typed at and read, and left by its keys", async () => {
  await create("shell", ["--interactive", "--tty"], "sh");
  await davitd.engine.ok(["start", "shell"]);
  await using client = await open("shell", "stream=1");
  client.send("echo o$((1+1))e\n");
  await client.see("o2e");
  client.send("\u0010\u0011");
  await client.closed;
  await seenEvents(davitd.engine, { container: "shell", action: "detach" });
  await using other = await open("shell", "stream=1&detachKeys=x,y");
  other.send("echo x");
  other.send(Buffer.from("z$((3+3))\n"));
  await other.see("xz6");
  other.send("xy");
  await other.closed;
  expect(await davitd.engine.ok(["inspect", "--format", "{{.State.Running}}", "shell"])).toBe("true");
  await davitd.engine.ok(["rm", "--force", "shell"]);
});

test("both streams come raw in binary messages, from before the start to the end", async () => {
  await create("streams", ["--interactive"], "sh", "-c", "read line; echo \"out $line\"; printf '\\377' >&2");
  await using client = await open("streams", "stream=1&stdin=1&stdout=1&stderr=1");
  client.send("typed before\n");
  await davitd.engine.ok(["start", "streams"]);
  await client.closed;
  expect(client.text).toContain("out typed before\n");
  expect(client.text).toContain("\u00ff");
  expect(client.text).toHaveLength("out typed before\n".length + 1);
  expect(client.messages.every(({ binary }) => binary)).toBe(true);
});

test("what was written before comes with logs, for old clients in text messages", async () => {
  await using logs = await open("streams", "logs=1", "v1.24");
  await logs.closed;
  expect(logs.text).toContain("out typed before\n");
  expect(logs.messages.some(({ binary }) => binary)).toBe(false);
  await using nothing = await open("streams", "");
  await nothing.closed;
  expect(nothing.messages).toEqual([]);
});

test.runIf(process.env["DAVIT_E2E"] !== "dockerd")(
  "since 1.42 only the streams that are asked for come",
  async () => {
    await using client = await open("streams", "logs=1&stderr=1", "v1.42");
    await client.closed;
    expect(client.text).toBe("\u00ff");
  },
);

test("a client that goes away ends the input of its container only if that is for one client", async () => {
  const leave = async (name: string): Promise<void> => {
    await using client = await open(name, "stream=1&stdin=1&stdout=1");
    client.send("hello\n");
    await client.see("hello\n");
    client.close();
    await client.closed;
  };
  await davitd.engine.ok(["run", "-di", "--name", "many", "--network", "none", "busybox", "cat"]);
  await leave("many");
  await leave("many");
  await davitd.engine.ok(["rm", "--force", "many"]);
  await create("once", ["--interactive"], "cat");
  await davitd.engine.ok(["start", "once"]);
  await leave("once");
  expect(await davitd.engine.ok(["wait", "once"])).toBe("0");
});

test("what cannot be attached to is refused over HTTP", async () => {
  await expect(open("nosuch", "stream=1")).rejects.toThrow("Unexpected server response: 404");
  await expect(open("streams", "detachKeys=foo")).rejects.toThrow("Unexpected server response: 400");
  const plain = await davitd.engine.request("GET", "/v1.41/containers/streams/attach/ws?stream=1");
  expect(plain.status).toBe(400);
});

test("the daemon stops while clients are attached", async () => {
  await create("held", ["--interactive", "--tty"], "sh");
  await davitd.engine.ok(["start", "held"]);
  await using client = await open("held", "stream=1");
  client.send("echo o$((1+1))e\n");
  await client.see("o2e");
  await davitd.engine.stop();
  // Cut off, or told that the connection closes.
  expect([1000, 1006, 1011]).toContain(await client.closed);
  await davitd.engine.start();
  await davitd.engine.ok(["rm", "--force", "held"]);
});

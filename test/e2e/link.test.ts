import { busyboxRootfs, startDavitdInOwnNetwork, type TestEngine } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seenEvents } from "./seen-events.ts";

const cleanup = new AsyncDisposableStack();
let engine: TestEngine;

beforeAll(async () => {
  engine = cleanup.use(await startDavitdInOwnNetwork("--live-restore=false"));
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const options = ["--name", "db", "--hostname", "dbhost", "--expose", "5432", "--env", "USER=me"];
  await engine.ok(["run", "--detach", ...killed, ...options, "busybox", "sleep", "600"]);
});
afterAll(() => cleanup.disposeAsync());

/** Stops at once. */
const killed = ["--stop-signal", "KILL"];
const addressOf = (name: string) =>
  engine.ok(["inspect", "--format", "{{.NetworkSettings.IPAddress}}", name]);
const linesWith = async (args: readonly string[], word: string) =>
  (await engine.ok(args)).split("\n").filter((line) => line.includes(word));
const refusal = async (...args: readonly string[]) => (await engine.docker(args)).stderr;

test("a linked container is known by its alias, its host name and its name, and told in variables", async () => {
  const run = ["run", "--rm", "--name", "app", "--link", "db:store", "busybox", "sh", "-c"];
  const script = "grep store /etc/hosts; env | grep ^STORE_ | sort; ping -c 1 -W 5 store >&2";
  const address = await addressOf("db");
  expect(await engine.ok([...run, script])).toBe(
    [
      `${address}\tstore dbhost db`,
      "STORE_ENV_USER=me",
      "STORE_NAME=/app/store",
      `STORE_PORT=tcp://${address}:5432`,
      `STORE_PORT_5432_TCP=tcp://${address}:5432`,
      `STORE_PORT_5432_TCP_ADDR=${address}`,
      "STORE_PORT_5432_TCP_PORT=5432",
      "STORE_PORT_5432_TCP_PROTO=tcp",
    ].join("\n"),
  );
});

test("an address that changes is followed in /etc/hosts and by exec, what else was written there stays", async () => {
  await engine.ok([
    "run",
    "--detach",
    ...killed,
    "--name",
    "follower",
    "--link",
    "db",
    "busybox",
    "sleep",
    "600",
  ]);
  await engine.ok(["exec", "follower", "sh", "-c", "echo '1.2.3.4 mine' >> /etc/hosts"]);
  const before = await addressOf("db");
  await engine.ok(["stop", "--time", "0", "db"]);
  expect(await refusal("exec", "follower", "true")).toContain(
    "Cannot link to a non running container: /db AS /follower/db",
  );
  // Somebody else has its address by the time it comes back.
  await engine.ok(["run", "--detach", ...killed, "--name", "squatter", "busybox", "sleep", "600"]);
  await engine.ok(["start", "db"]);
  const address = await addressOf("db");
  await engine.ok(["rm", "--force", "squatter"]);
  expect(address).not.toBe(before);
  expect(await linesWith(["exec", "follower", "cat", "/etc/hosts"], "db")).toEqual([`${address}\tdb dbhost`]);
  expect(await linesWith(["exec", "follower", "cat", "/etc/hosts"], "mine")).toEqual(["1.2.3.4 mine"]);
  // Its own program has what was so when it was started, one that is run in it what is so now.
  expect(await linesWith(["exec", "follower", "env"], "5432_TCP_ADDR")).toEqual([
    `DB_PORT_5432_TCP_ADDR=${address}`,
  ]);
});

test("names of links are shown, followed through a rename, and end with rm --link", async () => {
  await engine.ok([
    "run",
    "--detach",
    ...killed,
    "--name",
    "one",
    "--link",
    "db:x",
    "busybox",
    "sleep",
    "600",
  ]);
  await engine.ok(["rename", "one", "named"]);
  expect(await engine.ok(["inspect", "--format", "{{json .HostConfig.Links}}", "named"])).toBe(
    '["/db:/named/x"]',
  );
  expect(await engine.ok(["inspect", "--format", "{{.Name}}", "named/x"])).toBe("/db");
  const names = ["ps", "--no-trunc", "--format", "{{.Names}}", "--filter", "name=db"];
  expect((await engine.ok(names)).split(",")).toEqual(expect.arrayContaining(["db", "named/x"]));
  await engine.ok(["rm", "--link", "named/x"]);
  expect(await linesWith(["exec", "named", "cat", "/etc/hosts"], "dbhost")).toEqual([]);
  expect(await engine.ok(["inspect", "--format", "{{json .HostConfig.Links}}", "named"])).toBe("null");
  expect(await refusal("rm", "--link", "named/x")).toContain("No such container: named/x");
  expect(await refusal("rm", "--link", "db")).toContain(
    "Conflict, cannot remove the default link name of the container",
  );
});

test("what cannot be linked to is refused in the Engine's words", async () => {
  const run = (...options: readonly string[]) => refusal("run", "--rm", ...options, "busybox", "true");
  expect(await run("--link", "nosuch")).toContain(
    "could not get container for nosuch: No such container: nosuch",
  );
  await engine.ok(["create", "--name", "idle", "busybox", "true"]);
  expect(await run("--name", "pp", "--link", "idle:i")).toContain(
    "Cannot link to a non running container: /idle AS /pp/i",
  );
  await engine.ok([
    "run",
    "--detach",
    ...killed,
    "--name",
    "alone",
    "--network",
    "none",
    "busybox",
    "sleep",
    "600",
  ]);
  expect(await run("--link", "alone")).toContain(
    "Cannot link to /alone, as it does not belong to the default network",
  );
  expect(await run("--network", "host", "--link", "db")).toContain(
    "conflicting options: host type networking can't be used with links",
  );
});

test("a link ends with the container that it leads to", async () => {
  await engine.ok(["run", "--detach", ...killed, "--name", "short", "busybox", "sleep", "600"]);
  await engine.ok(["create", "--name", "longer", "--link", "short", "busybox", "cat", "/etc/hosts"]);
  await engine.ok(["rm", "--force", "short"]);
  expect(await linesWith(["start", "--attach", "longer"], "short")).toEqual([]);
});

test("containers that start with the daemon find those they are linked to", async () => {
  const options = ["--detach", ...killed, "--restart", "always", "--name"];
  await engine.ok(["run", ...options, "base", "busybox", "sleep", "600"]);
  await engine.ok(["run", ...options, "atop", "--link", "base", "busybox", "sleep", "600"]);
  await engine.stop();
  await engine.start();
  // The one that starts first fails to find the other, and is tried again.
  await seenEvents(engine, { container: "atop", action: "start" });
  expect(await linesWith(["exec", "atop", "cat", "/etc/hosts"], "base")).toEqual([
    expect.stringContaining(await addressOf("base")),
  ]);
});

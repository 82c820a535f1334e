import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const settings = (field: string) =>
  davitd.engine.ok(["plugin", "inspect", "--format", `{{json .Settings.${field}}}`, "acme/v"]);

beforeAll(async () => {
  await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
});

test.for([
  ["NOPE=1", 'setting "NOPE" not found in the plugin configuration'],
  ["ROOT=/x", '"ROOT" is not settable'],
  ["BEHAVIOUR.path=/x", '"BEHAVIOUR.path" is not settable'],
  ["=1", "invalid format, must be <name>[.<field>][=<value>]"],
] as const)("plugin set refuses %s", async ([argument, message]) => {
  const before = await davitd.engine.ok(["plugin", "inspect", "acme/v"]);
  const { stderr, exitCode } = await davitd.engine.docker(["plugin", "set", "acme/v", argument]);
  expect(stderr).toBe(`Error response from daemon: ${message}\n`);
  expect(exitCode).toBe(1);
  expect(await davitd.engine.ok(["plugin", "inspect", "acme/v"])).toBe(before);
});

test("plugin set changes all or nothing", async () => {
  const { exitCode } = await davitd.engine.docker(["plugin", "set", "acme/v", "BEHAVIOUR=deaf", "NOPE=1"]);
  expect(exitCode).toBe(1);
  expect(await settings("Env")).toBe('["BEHAVIOUR=serve","ROOT=/data"]');
});

test("plugin set outlives the daemon", async () => {
  await davitd.engine.ok(["plugin", "set", "acme/v", "BEHAVIOUR=slow:0", "args=a b"]);
  expect(await davitd.engine.stop()).toBe(0);
  await davitd.engine.start();
  expect(await settings("Env")).toBe('["BEHAVIOUR=slow:0","ROOT=/data"]');
  expect(await settings("Args")).toBe('["a","b"]');
});

test("plugin set refuses an enabled plugin", async () => {
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
  const { stderr } = await davitd.engine.docker(["plugin", "set", "acme/v", "BEHAVIOUR=serve"]);
  expect(stderr).toBe(
    "Error response from daemon: cannot set on an active plugin, disable plugin before setting\n",
  );
});

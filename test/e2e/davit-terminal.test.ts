import { join } from "node:path";
import { busyboxRootfs, repository, runCommand } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { onTerminal } from "./on-terminal.ts";
import { useDavitd } from "./use-davitd.ts";

const daemon = useDavitd();
const program = join(repository, "bin/davit");

beforeAll(async () => {
  await daemon.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

const terminal = (...args: readonly string[]) => onTerminal(program, args, daemon.engine.environment());
const davit = (...args: readonly string[]) => runCommand(program, args, { env: daemon.engine.environment() });

test("davit run -it is a terminal in the container, and exits as its command", async () => {
  await using shell = terminal("run", "--network", "none", "--rm", "-it", "busybox", "sh");
  await shell.shows("# ");
  shell.type("echo $((40+2)); exit 7\n");
  await shell.shows("42\r\n");
  expect(await shell.exitCode).toBe(7);
});

test("the detach keys leave the container running, with davit's exit code 0", async () => {
  await using shell = terminal("run", "--network", "none", "--name", "left", "-it", "busybox", "sh");
  await shell.shows("# ");
  shell.type("\u0010\u0011");
  expect(await shell.exitCode).toBe(0);
  expect((await davit("ps", "--format", "{{.Names}} {{.State}}")).stdout).toBe("left running\n");
  await davit("rm", "-f", "left");
});

test("Ctrl-C goes to the container that davit run waits for", async () => {
  const script = 'trap "echo caught; exit 3" INT; echo ready; sleep 60 & wait';
  await using run = terminal("run", "--network", "none", "--rm", "busybox", "sh", "-c", script);
  await run.shows("ready");
  run.type("\u0003");
  await run.shows("caught");
  expect(await run.exitCode).toBe(3);
});

test("Ctrl-C ends davit events with 130", async () => {
  await using events = terminal("events", "--since", "0");
  await events.shows("image import");
  events.type("\u0003");
  expect(await events.exitCode).toBe(130);
});

test("Ctrl-C at the privileges leaves nothing installed", async () => {
  await davit("plugin", "create", "acme/asks:1", daemon.plugin);
  const archive = daemon.dir.join("asks.tar");
  await davit("plugin", "save", "-o", archive, "acme/asks:1");
  await davit("plugin", "rm", "acme/asks:1");
  await using load = terminal("plugin", "load", "-i", archive);
  await load.shows("[y/N] ");
  load.type("\u0003");
  expect(await load.exitCode).toBe(130);
  expect((await davit("plugin", "ls", "-q")).stdout).toBe("");
});

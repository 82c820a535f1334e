import { join } from "node:path";
import { busyboxRootfs, runCommand } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;

/** Debian's docker-compose on the file beside this one; answers what it printed on both streams. */
async function compose(...args: readonly string[]): Promise<string> {
  const file = join(import.meta.dirname, "compose.yml");
  // Debian's own Python is the one that Debian's packages are for.
  const { stdout, stderr, exitCode } = await runCommand(
    "/usr/bin/python3",
    ["/usr/bin/docker-compose", "--ansi=never", "--file", file, "--project-name", "crew", ...args],
    { env: engine().environment() },
  );
  if (exitCode !== 0) throw new Error(`docker-compose ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout + stderr;
}

beforeAll(async () => {
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine().ok(["plugin", "create", "acme/v", davitd.plugin]);
  await engine().ok(["plugin", "enable", "acme/v"]);
});

test("docker-compose runs services that share a volume of a plugin, and removes all of it", async () => {
  const inspected = async (format: string, ...what: readonly string[]): Promise<string> =>
    engine().ok([...what, "--format", format]);

  await compose("run", "--rm", "-T", "writer");
  await compose("up", "--detach");
  await engine().ok(["wait", "crew_writer_1"]);
  expect(await compose("logs", "writer")).toContain("written by writer");
  expect(await compose("exec", "-T", "reader", "sh", "-c", "cat /data/file; echo $ROLE")).toBe(
    "written by writer\nreader\n",
  );
  expect(await compose("ps")).toMatch(/crew_reader_1 .* Up/);
  expect(
    await inspected(
      '{{.Driver}} {{json .Options}} {{index .Labels "made-by"}}',
      "volume",
      "inspect",
      "crew_shared",
    ),
  ).toBe('acme/v:latest {"k":"v"} compose');

  // Nothing has changed, so that the running container stays; then it is asked for a new one.
  const id = await inspected("{{.Id}}", "inspect", "crew_reader_1");
  await compose("up", "--detach", "reader");
  expect(await inspected("{{.Id}}", "inspect", "crew_reader_1")).toBe(id);
  await compose("up", "--detach", "--force-recreate", "reader");
  expect(await inspected("{{.Id}}", "inspect", "crew_reader_1")).not.toBe(id);

  await compose("restart", "--timeout", "0", "reader");
  await compose("down", "--volumes", "--timeout", "0");
  expect(await engine().ok(["ps", "--all", "--quiet"])).toBe("");
  expect(await engine().ok(["volume", "ls", "--quiet"])).toBe("");
});

import { join } from "node:path";
import { repository, runCommand } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const daemon = useDavitd();

beforeAll(async () => {
  await daemon.engine.ok(["plugin", "create", "acme/one:1", daemon.plugin]);
  await daemon.engine.ok(["volume", "create", "vol-a"]);
});

const run = (program: string, args: readonly string[]) =>
  runCommand(program, args, {
    env: { ...daemon.engine.environment(), PATH: `${join(repository, "bin")}:/usr/bin:/bin` },
  });

/** The candidates for the last word. */
async function candidates(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run("davit", ["__complete", "--", ...words]);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

test.each([
  [["plugin", "enable", ""], ["acme/one:1"]],
  [["plugin", "disable", ""], []],
  [["plugin", "set", "acme/one:1", "R"], ["ROOT="]],
  [["volume", "rm", "v"], ["vol-a"]],
  [["volume", "create", "-d", ""], ["local"]],
  [["run", "-v", "vol"], ["vol-a:"]],
  [["inspect", "acme"], ["acme/one:1"]],
])("%j is completed with %j by what the daemon knows", async (words, expected) => {
  expect(await candidates(...words)).toEqual(expected);
});

test("a daemon that is not there is not waited for, nor complained about", async () => {
  const { stdout, stderr, exitCode } = await run("davit", [
    "__complete",
    "--",
    "-H",
    "unix:///nonexistent/s",
    "volume",
    "rm",
    "",
  ]);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: "", stderr: "", exitCode: 0 });
});

test("bash completes with the script that davit prints", async () => {
  const script = [
    "source <(davit completion bash)",
    "complete -p davit",
    "COMP_WORDS=(davit volume rm vo) COMP_CWORD=3",
    "_davit",
    'echo "${COMPREPLY[@]}"',
  ].join("\n");
  const { stdout, stderr } = await run("bash", ["--norc", "-c", script]);
  expect(stdout).toBe("complete -o default -F _davit davit\nvol-a\n");
  expect(stderr).toBe("");
});

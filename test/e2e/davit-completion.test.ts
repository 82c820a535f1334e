import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository, runCommand } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { onTerminal } from "./on-terminal.ts";
import { useDavitd } from "./use-davitd.ts";

const daemon = useDavitd();

beforeAll(async () => {
  await daemon.engine.ok(["plugin", "create", "acme/one:1", daemon.plugin]);
  await daemon.engine.ok(["volume", "create", "vol-a"]);
});

const environment = () => ({
  ...daemon.engine.environment(),
  PATH: `${join(repository, "bin")}:/usr/bin:/bin`,
});
const run = (program: string, args: readonly string[]) => runCommand(program, args, { env: environment() });

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

test.each([
  [
    "davit plugin in",
    ["inspect\tDisplay detailed information on one or more plugins", "install\tInstall a plugin"],
  ],
  ["davit plug", ["plugin\tManage plugins"]],
  ["davit plugin ls --no", ["--no-trunc\tDon't truncate output"]],
  ["davit plugin enable ", ["acme/one:1"]],
  ["davit plugin set acme/one:1 R", ["ROOT="]],
  ["davit run --restart=al", ["--restart=always"]],
  ["davit cp /etc/hostn", ["/etc/hostname"]],
])("fish completes %j with %j", async (line, expected) => {
  const script = "davit completion fish | source; complete -C $argv[1]";
  const { stdout, stderr } = await run("fish", ["--no-config", "-c", script, line]);
  expect(stdout.trimEnd().split("\n")).toEqual(expected);
  expect(stderr).toBe("");
});

/** What TAB makes of each line in an interactive zsh, after the given set-up. */
async function completedByZsh(setUp: string, lines: readonly string[]): Promise<readonly string[]> {
  await using terminal = onTerminal("zsh", ["-f", "-i"], environment());
  // A key of our own ends each line and tells what stands there.
  const show = `show() { print -r -- "<$BUFFER>"; BUFFER= }; zle -N show; bindkey '^P' show`;
  terminal.type(`${setUp}; ${show}; print -r -- re""ady\n`);
  await terminal.shows("ready");
  const completed: string[] = [];
  for (const line of lines) {
    terminal.type(`${line}\t\u0010`);
    await terminal.shows("<davit");
    await terminal.shows(">");
    completed.push(/<([^<>]*)>[^<>]*$/.exec(terminal.output)?.[1] ?? "");
  }
  terminal.type("exit\n");
  expect(await terminal.exitCode).toBe(0);
  return completed;
}

test("zsh completes with the script that davit prints", async () => {
  const completed = await completedByZsh(
    "autoload -Uz compinit; compinit -D; source <(davit completion zsh)",
    [
      "davit plug",
      "davit plugin ins",
      "davit plugin inst",
      "davit plugin ls --no",
      "davit plugin enable ac",
      "davit plugin set acme/one:1 R",
      "davit run --restart=al",
      "davit run -v vol",
      "davit cp /etc/hostn",
    ],
  );
  expect(completed).toEqual([
    "davit plugin ",
    // Both inspect and install begin so.
    "davit plugin ins",
    "davit plugin install ",
    "davit plugin ls --no-trunc ",
    "davit plugin enable acme/one:1 ",
    "davit plugin set acme/one:1 ROOT=",
    "davit run --restart=always ",
    "davit run -v vol-a:",
    "davit cp /etc/hostname ",
  ]);
});

test("zsh finds the script by itself where packages put it", async () => {
  const functions = daemon.dir.join("functions");
  await mkdir(functions);
  await writeFile(join(functions, "_davit"), (await run("davit", ["completion", "zsh"])).stdout);
  expect(
    await completedByZsh(`fpath=(${functions} $fpath); autoload -Uz compinit; compinit -D -u`, [
      "davit volume rm vo",
    ]),
  ).toEqual(["davit volume rm vol-a "]);
});

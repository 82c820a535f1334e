import { describe, expect, test } from "vitest";
import { integer, list, listOf, text, toggle } from "./flag.ts";
import { parseCommandLine } from "./parse.ts";

const flags = {
  force: toggle("Force it", { short: "f" }),
  noTrunc: toggle("Whole"),
  sigProxy: toggle("Proxy", { initial: true }),
  env: list("Variables", { short: "e" }),
  timeout: integer("Seconds", { short: "t" }),
  name: text("Name", { initial: "none" }),
  upper: listOf("Checked", (value) => {
    if (value === "bad") throw new Error("no good");
    return value.toUpperCase();
  }),
} as const;
const grammar = {
  name: "thing do",
  usage: "[OPTIONS] A [B]",
  summary: "Do",
  args: { min: 0, max: 3 },
  flags,
};
const parse = (...argv: readonly string[]) => parseCommandLine(grammar, argv);
const tail = "\n\nUsage:  davit thing do [OPTIONS] A [B]\n\nRun 'davit thing do --help' for more information";

test("values when nothing is given", () => {
  expect(parse().flags).toEqual({
    force: false,
    noTrunc: false,
    sigProxy: true,
    env: [],
    timeout: undefined,
    name: "none",
    upper: [],
  });
});

test.each([
  [["-f", "--no-trunc", "a"], { force: true, noTrunc: true }, ["a"]],
  [
    ["a", "--force=true", "--no-trunc=false", "--sig-proxy=false"],
    { force: true, noTrunc: false, sigProxy: false },
    ["a"],
  ],
  [["-e", "A=1", "-eB=2", "-e=C=3", "--env=D"], { env: ["A=1", "B=2", "C=3", "D"] }, []],
  [["-ft", "-1"], { force: true, timeout: -1 }, []],
  [["--timeout", "-1", "--", "--force"], { timeout: -1, force: false }, ["--force"]],
  [["-e", "--force"], { env: ["--force"], force: false }, []],
  [["--upper", "a", "--upper=b"], { upper: ["A", "B"] }, []],
])("%j", (argv, expected, args) => {
  const line = parse(...argv);
  expect(line.flags).toMatchObject(expected);
  expect(line.args).toEqual(args);
});

test.each([
  [["--foo"], "unknown flag: --foo"],
  [["--foo=1"], "unknown flag: --foo"],
  [["-x"], "unknown shorthand flag: 'x' in -x"],
  [["--env"], "flag needs an argument: --env"],
  [["-e"], "flag needs an argument: 'e' in -e"],
  [
    ["-t", "x"],
    'invalid argument "x" for "-t, --timeout" flag: strconv.ParseInt: parsing "x": invalid syntax',
  ],
  [
    ["--force=maybe"],
    'invalid argument "maybe" for "--force" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  [["--upper", "a", "--upper", "bad"], 'invalid argument "bad" for "--upper" flag: no good'],
])("%j is refused with exit code 125", (argv, problem) => {
  expect(() => parse(...argv)).toThrow(expect.objectContaining({ message: problem + tail, exitCode: 125 }));
});

describe("argument counts", () => {
  test.each([
    [{ min: 1, max: 1 }, "requires 1 argument"],
    [{ min: 2, max: 2 }, "requires 2 arguments"],
    [{ min: 1 }, "requires at least 1 argument"],
    [{ min: 1, max: 2 }, "requires at least 1 and at most 2 arguments"],
  ])("%j: %s", (args, requirement) => {
    expect(() => parseCommandLine({ ...grammar, args }, [])).toThrow(
      expect.objectContaining({ message: `davit: 'davit thing do' ${requirement}${tail}`, exitCode: 1 }),
    );
  });

  test("too many", () => {
    const none = { ...grammar, args: { min: 0, max: 0 } };
    expect(() => parseCommandLine(none, ["a"])).toThrow("accepts no arguments");
    expect(() => parseCommandLine({ ...grammar, args: { min: 0, max: 1 } }, ["a", "b"])).toThrow(
      "requires at most 1 argument",
    );
  });
});

test("options end at the first argument where the rest is a command", () => {
  const run = { ...grammar, args: { min: 1 }, optionsEndAtFirstArgument: true };
  const line = parseCommandLine(run, ["-f", "image", "sh", "-x", "--force=1", "-e"]);
  expect(line.args).toEqual(["image", "sh", "-x", "--force=1", "-e"]);
  expect(line.flags.force).toBe(true);
});

test("help wins over missing arguments", () => {
  const { help } = parseCommandLine({ ...grammar, args: { min: 1 } }, ["--help"]);
  expect(help).toContain("Usage:  davit thing do [OPTIONS] A [B]\n\nDo\n\nOptions:\n");
  expect(help).toContain("  -t, --timeout int");
  expect(help).toContain("Proxy (default true)");
});

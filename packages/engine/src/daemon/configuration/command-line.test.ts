import { expect, test } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { foreignOptions } from "./foreign-options.ts";
import { options } from "./options.ts";

const parse = (...argv: readonly string[]) => parseCommandLine(argv, "1.2.3");

test.each([
  [[], {}],
  [["-D"], { debug: true }],
  [["--debug=false"], { debug: false }],
  [["-D=0"], { debug: false }],
  [["--tlsverify=T"], { tlsverify: true }],
  [["-DH", "tcp://:1", "--host=fd://"], { debug: true, hosts: ["tcp://:1", "fd://"] }],
  [["-Hunix:///a", "-H=unix:///b"], { hosts: ["unix:///a", "unix:///b"] }],
  [["--group", "-odd"], { group: "-odd" }],
  [["--shutdown-timeout", "20", "-l", "warn"], { "shutdown-timeout": 20, "log-level": "warn" }],
  [["--insecure-registry", "a:5", "--label", "a=b"], { "insecure-registries": ["a:5"], labels: ["a=b"] }],
  [["--config-file="], { "config-file": "" }],
  [
    ["--default-address-pool", "base=10.0.0.0/8,size=24", "--default-address-pool=base=fd00::/56,size=64"],
    {
      "default-address-pools": [
        { base: "10.0.0.0/8", size: 24 },
        { base: "fd00::/56", size: 64 },
      ],
    },
  ],
] as const)("%j gives %j", (argv, given) => {
  expect(parse(...argv)).toEqual({ kind: "run", given, warnings: [], validate: false });
});

test.each([
  [["--iptables=false"], ["iptables"]],
  [
    ["--iptables", "--icc=0", "--iptables=true"],
    ["iptables", "icc"],
  ],
  [["--dns", "1.1.1.1", "--dns=8.8.8.8"], ["dns"]],
  [["-s", "overlay2"], ["storage-driver"]],
  [["-soverlay2", "-s=vfs"], ["storage-driver"]],
  [
    ["--feature", "x=true", "--default-ulimit", "nofile=1:2"],
    ["feature", "default-ulimit"],
  ],
  [
    ["--seccomp-profile=builtin", "--userns-remap="],
    ["seccomp-profile", "userns-remap"],
  ],
] as const)("of dockerd's, %j is taken with one warning for each", (argv, flags) => {
  expect(parse(...argv)).toEqual({
    kind: "run",
    given: {},
    warnings: flags.map((flag) => `--${flag} has no meaning for this engine and is ignored`),
    validate: false,
  });
});

test.each([
  [["--nonsense"], "unknown flag: --nonsense"],
  [["--nonsense=1"], "unknown flag: --nonsense"],
  [["-x"], "unknown shorthand flag: 'x' in -x"],
  [["-Dx"], "unknown shorthand flag: 'x' in -x"],
  [["--host"], "flag needs an argument: --host"],
  [["-H"], "flag needs an argument: --host"],
  [["serve"], '"davitd" accepts no argument(s).'],
  [["--iptables", "false"], '"davitd" accepts no argument(s).'],
  [["--debug", "false"], '"davitd" accepts no argument(s).'],
  [["--debug=maybe"], 'invalid argument "maybe" for "--debug" flag: expected true or false'],
  [
    ["--shutdown-timeout", "x"],
    'invalid argument "x" for "--shutdown-timeout" flag: expected a whole number',
  ],
  [
    ["--default-address-pool=10.0.0.0/8"],
    'invalid argument "10.0.0.0/8" for "--default-address-pool" flag: invalid field \'10.0.0.0/8\' must be a key=value pair',
  ],
  [
    ["--userns-remap=default"],
    'invalid argument "default" for "--userns-remap" flag: user namespaces are not supported: root in a container would be root on the host',
  ],
] as const)("%j is refused: %s", (argv, problem) => {
  expect(parse(...argv)).toEqual({ kind: "wrong", problem });
});

test("authorization plugins are taken in their order", () => {
  expect(parse("--authorization-plugin=a", "--authorization-plugin", "b")).toMatchObject({
    kind: "run",
    given: { "authorization-plugins": ["a", "b"] },
  });
});

test("help names every setting under its group, and fits 100 columns", () => {
  const line = parse("--help", "--whatever-follows-is=not read");
  expect(line.kind).toBe("wrong");
  const help = parse("-D", "--help");
  if (help.kind !== "print") throw new Error("no help");
  for (const { flag } of Object.values(options)) expect(help.text).toContain(`--${flag}`);
  expect(help.text).toContain("\nRegistries:\n      --insecure-registry LIST ");
  expect(Math.max(...help.text.split("\n").map((row) => row.length))).toBeLessThanOrEqual(100);
});

test("version and validate", () => {
  expect(parse("-v")).toEqual({ kind: "print", text: "davitd version 1.2.3\n" });
  expect(parse("--validate")).toMatchObject({ kind: "run", validate: true });
});

test("no flag is both this engine's and ignored, and none is listed twice", () => {
  const flags = [...Object.values(options), ...foreignOptions].map(({ flag }) => flag);
  expect(flags.filter((flag, index) => flags.indexOf(flag) !== index)).toEqual([]);
});

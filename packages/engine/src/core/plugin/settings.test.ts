import { pluginConfigSchema } from "@davit/protocol";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  changeSettings,
  initialSettings,
  parseAssignment,
  splitWords,
  upgradedSettings,
} from "./settings.ts";

const config = pluginConfigSchema.parse({
  Env: [
    { Name: "DEBUG", Settable: ["value"], Value: "0" },
    { Name: "SECRET", Settable: ["value"], Value: null },
    { Name: "FIXED", Value: "x" },
  ],
  Args: { Name: "args", Settable: ["value"], Value: ["-v"] },
  Mounts: [
    { Name: "state", Settable: ["source"], Source: "/var/lib/x", Destination: "/state", Type: "bind" },
    { Name: "m.dot", Settable: ["source"], Source: "/a", Destination: "/b", Type: "bind" },
    { Name: "open", Settable: ["source"], Destination: "/c", Type: "bind" },
  ],
  Linux: { Devices: [{ Name: "fuse", Settable: ["path", "other"], Path: "/dev/fuse" }] },
});
const settings = initialSettings(config);
const set = (...assignments: string[]) => changeSettings(config, settings, assignments);

describe("changeSettings", () => {
  it("starts with the author's values, leaving out an environment without one", () => {
    expect(settings.Env).toEqual(["DEBUG=0", "FIXED=x"]);
    expect(settings.Args).toEqual(["-v"]);
  });

  it("sets environment, arguments, mount sources and device paths", () => {
    const changed = set(
      "DEBUG=1",
      "SECRET=a=b",
      "args=-v 'two words'",
      "state.source=/srv",
      "fuse.path=/dev/fuse2",
    );
    expect(changed.Env).toEqual(["DEBUG=1", "FIXED=x", "SECRET=a=b"]);
    expect(changed.Args).toEqual(["-v", "two words"]);
    expect(changed.Mounts[0]?.Source).toBe("/srv");
    expect(changed.Devices[0]?.Path).toBe("/dev/fuse2");
  });

  it.each([
    ["FIXED=y", '"FIXED" is not settable'],
    ["DEBUG.source=1", '"DEBUG.source" is not settable'],
    ["fuse=/dev/x", "multiple fields are settable, one must be specified"],
    ["nosuch=1", 'setting "nosuch" not found in the plugin configuration'],
    ["", 'setting "" not found in the plugin configuration'],
    ["=1", "invalid format, must be <name>[.<field>][=<value>]"],
    ["open=/x", "Plugin config has no mount source"],
    ["args='open", "unbalanced quote in arguments: 'open"],
  ])("refuses %s: %s", (assignment, message) => {
    expect(() => set(assignment)).toThrow(message);
  });

  it("applies all or none", () => {
    expect(() => set("DEBUG=1", "FIXED=y")).toThrow("not settable");
    expect(settings.Env).toEqual(["DEBUG=0", "FIXED=x"]);
  });

  it("splits a target at its last dot", () => {
    expect(parseAssignment("m.dot.source=/x")).toEqual({ name: "m.dot", field: "source", value: "/x" });
    expect(parseAssignment(".x")).toEqual({ name: ".x", field: "", value: "" });
  });
});

describe("splitWords", () => {
  it.each([
    ["a  b\tc", ["a", "b", "c"]],
    [`--opt="a \\" b" 'c\\d' e\\ f`, ['--opt=a " b', "c\\d", "e f"]],
    [`""`, [""]],
    ["", []],
  ])("splits %j", (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it("gives back whatever was quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(" ");
        expect(splitWords(quoted)).toEqual(words);
      }),
    );
  });
});

describe("upgradedSettings", () => {
  const next = pluginConfigSchema.parse({
    Env: [
      { Name: "DEBUG", Settable: ["value"], Value: "2" },
      { Name: "NEW", Value: "n" },
    ],
    Args: { Name: "args", Value: ["-q"] },
    Mounts: [{ Name: "state", Source: "/new", Destination: "/state" }],
  });

  it("takes over new defaults where the operator changed nothing", () => {
    expect(upgradedSettings({ config, settings }, next)).toEqual(initialSettings(next));
  });

  it("keeps what the operator set and drops what is gone", () => {
    const changed = set("DEBUG=1", "args=-x", "state.source=/srv", "fuse.path=/dev/f");
    const upgraded = upgradedSettings({ config, settings: changed }, next);
    expect(upgraded.Env).toEqual(["DEBUG=1", "NEW=n"]);
    expect(upgraded.Args).toEqual(["-x"]);
    expect(upgraded.Mounts.map(({ Source }) => Source)).toEqual(["/srv"]);
    expect(upgraded.Devices).toEqual([]);
  });
});

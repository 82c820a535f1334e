import { writeFile } from "node:fs/promises";
import { TempDir } from "@davit/testkit";
import { expect, test } from "vitest";
import { parseConfigFile, readConfigFile } from "./config-file.ts";
import { readConfiguration } from "./read-configuration.ts";

test("an empty file and an empty object give nothing", () => {
  for (const text of ["", "  \n", "{}"]) expect(parseConfigFile(text)).toEqual({ given: {}, warnings: [] });
});

test("keys of dockerd that mean nothing here are warnings, whatever their form", () => {
  const text = JSON.stringify({
    debug: true,
    "exec-opts": ["a=b"],
    runtimes: {},
    features: { buildkit: true },
    "storage-driver": "overlay2",
    "selinux-enabled": false,
  });
  const { given, warnings } = parseConfigFile(text);
  expect(given).toEqual({ debug: true });
  expect(warnings).toHaveLength(5);
  expect(warnings[0]).toBe(
    "exec-opts in the configuration file has no meaning for this engine and is ignored",
  );
});

test.each([
  ['{"nope": 1, "zap": {}}', "the following directives don't match any configuration option: nope, zap"],
  ['{"config-file": "/x"}', "the following directives don't match any configuration option: config-file"],
  ["[]", "expected a JSON object"],
  ['{"debug":', "JSON"],
  ['{"no-new-privileges": true}', "no-new-privileges: it cannot be the default for all containers"],
])("%s is refused: %s", (text, reason) => {
  expect(() => parseConfigFile(text)).toThrow(reason);
});

test("what is wrong is told as dockerd tells it, with the file's name", async () => {
  await using dir = await TempDir.create("cf");
  const path = dir.join("daemon.json");
  const complaint = async (text: string, flags: object = {}): Promise<string> => {
    await writeFile(path, text);
    try {
      readConfiguration({ "config-file": path, ...flags });
    } catch (error) {
      return String(error);
    }
    return "nothing";
  };
  const begin = `EngineError: unable to configure the Docker daemon with file ${path}: `;
  expect(await complaint('{"nope": 1}')).toBe(
    `${begin}the following directives don't match any configuration option: nope`,
  );
  const twice = { debug: true, hosts: ["unix:///a", "unix:///b"] };
  expect(await complaint('{"debug": true, "hosts": ["a"]}', twice)).toBe(
    `${begin}the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: true), hosts: (from flag: [unix:///a unix:///b], from file: [a])`,
  );
  expect(await complaint('{"debug": "a"}')).toContain(`${begin}setting debug: `);
  expect(await complaint("{}", { "log-level": "foo" })).toContain("EngineError: setting log-level: ");
});

test("a missing file is an error where it was named", () => {
  expect(() => readConfigFile("/nonexistent/daemon.json")).toThrow("ENOENT");
});

import { expect, test } from "vitest";
import { cgroupV1Controllers, parseOsRelease } from "./parse-facts.ts";
import { readHostFacts } from "./read-host-facts.ts";

test("reads quoted and bare values of os-release", () => {
  const text = '# a comment\nPRETTY_NAME="A \\"B\\" 12"\nVERSION_ID=12\nHOME_URL=\'x\'\n';
  expect(parseOsRelease(text)).toEqual({ prettyName: 'A "B" 12', versionId: "12" });
});

test("a system without os-release is Linux", () => {
  expect(parseOsRelease("")).toEqual({ prettyName: "Linux", versionId: "" });
});

test("only enabled controllers count", () => {
  expect(
    cgroupV1Controllers("#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t5\t1\nmemory\t0\t5\t0\n"),
  ).toEqual(["cpu"]);
});

test("this machine tells its name, kernel, processors and memory", async () => {
  const facts = await readHostFacts();
  expect(facts.hostname).not.toBe("");
  expect(facts.kernelVersion).toMatch(/^\d+\.\d+/);
  expect(facts.operatingSystem).not.toBe("");
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.memoryBytes).toBeGreaterThan(1e6);
});

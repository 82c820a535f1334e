import { expect, test } from "vitest";
import { filtersQuery, parseFilter } from "./filters.ts";
import { checkLabel, environmentEntry, keyValues, parseKeyValueFile } from "./key-value.ts";
import { parseDuration, parseMoment } from "./moment.ts";
import { parseBytes, parseCpus, parseDevice, parseRestartPolicy, parseUlimit } from "./quantities.ts";

test("filters become a map of sets", () => {
  const filters = ["enabled=true", "label=a=b", "label=c"].map(parseFilter);
  expect(filtersQuery(filters)).toBe('{"enabled":{"true":true},"label":{"a=b":true,"c":true}}');
  expect(filtersQuery([])).toBeUndefined();
  expect(() => parseFilter("x")).toThrow("bad format of filter (expected name=value)");
});

test("environment entries take missing values from the process", () => {
  expect(environmentEntry("A=b=c", {})).toBe("A=b=c");
  expect(environmentEntry("A", { A: "1" })).toBe("A=1");
  expect(environmentEntry("A", {})).toBe("A");
  expect(() => environmentEntry("=x", {})).toThrow("invalid environment variable: =x");
});

test("environment files skip comments and refuse white space in names", () => {
  const lookUp = (name: string): string | undefined => (name === "B" ? "2" : undefined);
  expect(parseKeyValueFile("# x\n\nA=1 2\r\nB\nC\n", "f", lookUp)).toEqual(["A=1 2", "B=2"]);
  expect(() => parseKeyValueFile("A B=1", "f", lookUp)).toThrow("variable 'A B' contains whitespaces");
});

test("labels and maps split at the first equals sign", () => {
  expect(keyValues(["a=b=c", "d"])).toEqual({ a: "b=c", d: "" });
  expect(checkLabel("a")).toBe("a");
  expect(() => checkLabel("=x")).toThrow("invalid label '=x': empty name");
});

test("quantities", () => {
  expect(parseBytes("512m")).toBe(536_870_912);
  expect(parseBytes("1.5GiB")).toBe(1_610_612_736);
  expect(() => parseBytes("1z")).toThrow("invalid suffix: 'z'");
  expect(parseCpus("1.5")).toBe(1_500_000_000);
  expect(parseUlimit("nofile=1:2")).toEqual({ Name: "nofile", Soft: 1, Hard: 2 });
  expect(() => parseUlimit("nofile=3:2")).toThrow("soft limit must be less than or equal to hard limit");
  expect(parseRestartPolicy("on-failure:3")).toEqual({ Name: "on-failure", MaximumRetryCount: 3 });
  expect(() => parseRestartPolicy("x:y")).toThrow("maximum retry count must be an integer");
  expect(parseDevice("/dev/fuse:rw")).toEqual({
    PathOnHost: "/dev/fuse",
    PathInContainer: "/dev/fuse",
    CgroupPermissions: "rw",
  });
});

test("moments are durations before now, Unix times or RFC 3339", () => {
  expect(parseDuration("1h30m")).toBe(5400);
  expect(parseMoment("10s", 100_000)).toBe("90.000000000");
  expect(parseMoment("1700000000.5", 0)).toBe("1700000000.5");
  expect(parseMoment("2023-11-14T22:13:20Z", 0)).toBe("1700000000.000000000");
  expect(() => parseMoment("bad", 0)).toThrow('failed to parse value as time or duration: "bad"');
});

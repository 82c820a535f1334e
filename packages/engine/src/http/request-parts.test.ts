import { registryAuthSchema } from "@davit/protocol";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { EngineError } from "../core/errors.ts";
import { ApiVersion, requireSupported, supportedApiVersions } from "./api-version.ts";
import { statusOf } from "./error-status.ts";
import { parseFilters } from "./filters.ts";
import { Query } from "./query.ts";
import { registryAuth, registryMetaHeaders } from "./registry-headers.ts";
import { type JsonBodyOptions, requestBody } from "./request-body.ts";
import { outputContentType, streamFrame } from "./stream-frame.ts";

const version = (text: string): ApiVersion => {
  const parsed = ApiVersion.parse(text);
  if (parsed === undefined) throw new Error(`not a version: ${text}`);
  return parsed;
};

describe("API version", () => {
  test.each(["1.24", "1.41", "1.51"])("%s is spoken", (text) => {
    expect(() => requireSupported(version(text), supportedApiVersions)).not.toThrow();
  });
  test("1.23 is refused in the words that clients know", () => {
    expect(() => requireSupported(version("1.23"), supportedApiVersions)).toThrow(
      "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    );
  });
  test.each(["1.52", "2.0", "1.100"])("%s is refused as too new", (text) => {
    expect(() => requireSupported(version(text), supportedApiVersions)).toThrow(
      `client version ${text} is too new. Maximum supported API version is 1.51`,
    );
  });
});

describe("query", () => {
  const query = (text: string): Query => new Query(new URLSearchParams(text));
  test.each(["x=", "x=0", "x=no", "x=False", "x=NONE", "y=1"])("%s is false", (text) => {
    expect(query(text).flag("x")).toBe(false);
  });
  test.each(["x=1", "x=true", "x=maybe"])("%s is true", (text) => {
    expect(query(text).flag("x")).toBe(true);
  });
  test.each(["", "x", "1.5", "0x10"])("%j is no whole number, in Go's words", (text) => {
    expect(() => query(`n=${text}`).int("n")).toThrow(
      `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  });
  test("reads whole numbers, and absence where that is allowed", () => {
    expect(query("n=-30").int("n")).toBe(-30);
    expect(query("").optionalInt("n")).toBeUndefined();
    expect(() => query("n=99999999999999999999").int("n")).toThrow("value out of range");
  });
});

describe("filters", () => {
  test.each(['{"label":{"a=b":true},"name":{"x":true}}', '{"label":["a=b"],"name":["x"]}'])(
    "reads %s",
    (text) => {
      const filters = parseFilters(text, ["label", "name"]);
      expect(filters.values("name")).toEqual(["x"]);
      expect(filters.labels("label", { a: "b" })).toBe(true);
      expect(filters.labels("label", { a: "c" })).toBe(false);
    },
  );
  test.each(["", "null", "{}"])("%j narrows nothing", (text) => {
    const filters = parseFilters(text, ["name"]);
    expect(filters.exact("name", "x") && filters.prefix("name", "x") && filters.pattern("name", "x")).toBe(
      true,
    );
    expect(filters.flag("name")).toBeUndefined();
  });
  test.each(["{", "[]", '"x"', '{"a":{"b":1}}', '{"a":"b"}'])("%s is an invalid filter", (text) => {
    expect(() => parseFilters(text, ["a"])).toThrow(new EngineError("invalid", "invalid filter"));
  });
  test("an unknown key is refused by name", () => {
    expect(() => parseFilters('{"k":["v"]}', ["name"])).toThrow("invalid filter 'k'");
  });
  test.each([
    ['{"enabled":["maybe"]}', "invalid filter 'enabled=[maybe]'"],
    ['{"enabled":["true","false"]}', "invalid filter 'enabled=[true false]'"],
  ])("%s has no truth value", (text, message) => {
    expect(() => parseFilters(text, ["enabled"]).flag("enabled")).toThrow(message);
  });
  test("truth values are true, false, 1 and 0", () => {
    expect(parseFilters('{"e":["1","true"]}', ["e"]).flag("e")).toBe(true);
    expect(parseFilters('{"e":["0"]}', ["e"]).flag("e")).toBe(false);
  });
  test("matches exactly, by beginning and by pattern", () => {
    const filters = parseFilters('{"x":["ab","c.e"]}', ["x"]);
    expect([filters.exact("x", "ab"), filters.exact("x", "abc")]).toEqual([true, false]);
    expect([filters.prefix("x", "abc"), filters.prefix("x", "zab")]).toEqual([true, false]);
    expect([filters.pattern("x", "zcdez"), filters.pattern("x", "zz")]).toEqual([true, false]);
  });
  test("a value that is no pattern is refused", () => {
    expect(() => parseFilters('{"x":["("]}', ["x"]).pattern("x", "a")).toThrow("invalid filter 'x=[(]'");
  });
});

describe("registry credentials", () => {
  const auth = { username: "ü?>", password: "p", serveraddress: "r" };
  const json = JSON.stringify(auth);
  test.each(["base64", "base64url"] as const)("are read from %s", (encoding) => {
    const text = Buffer.from(json).toString(encoding);
    expect(registryAuth({ "x-registry-auth": text })).toEqual(registryAuthSchema.parse(auth));
    expect(registryAuth({ "x-registry-auth": text.replace(/=+$/, "") })).toMatchObject(auth);
  });
  test.each(["e30=", "", "!!", "bm90IGpzb24", "W10="])("%j is anonymous", (text) => {
    expect(registryAuth({ "x-registry-auth": text })).toBeUndefined();
  });
  test("X-Meta headers go on, others do not", () => {
    expect(registryMetaHeaders({ "x-meta-a": "1", host: "x", "x-registry-auth": "y" })).toEqual({
      "x-meta-a": "1",
    });
  });
});

describe("JSON body", () => {
  const read = (
    text: string,
    options?: JsonBodyOptions,
    contentType: string | undefined = "application/json",
  ) => {
    async function* source() {
      yield Buffer.from(text);
    }
    return requestBody(source(), { contentType }).json(z.object({ a: z.number() }), options);
  };
  test("is decoded and checked", async () => {
    await expect(read('{"a":1}\n', {}, "application/json; charset=utf-8")).resolves.toEqual({ a: 1 });
    await expect(read('{"a":"x"}')).rejects.toThrow("invalid JSON: a: ");
  });
  test.each([
    ["", "invalid JSON: got EOF while reading request body"],
    ['{"a":1}{"a":2}', "unexpected content after JSON"],
    ['{"a":1', "invalid JSON: "],
    ["x", "invalid JSON: "],
  ])("%j is refused", async (text, message) => {
    const failure = await read(text).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "invalid" });
    expect(String(failure)).toContain(message);
  });
  test("an empty one may stand for a value", async () => {
    await expect(read("", { whenEmpty: { a: 5 } })).resolves.toEqual({ a: 5 });
  });
  test("another content type is refused, unless the route does not care", async () => {
    await expect(read('{"a":1}', {}, "text/plain")).rejects.toThrow(
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    );
    await expect(read('{"a":1}', { contentType: "any" }, "text/plain")).resolves.toEqual({ a: 1 });
  });
  test("more than the limit is refused", async () => {
    await expect(read('{"a":1}', { limitBytes: 3 })).rejects.toThrow("request body too large");
  });
});

test("output frames carry stream and length", () => {
  expect(Buffer.from(streamFrame("stdout", Buffer.from("hello\n"))).toString("latin1")).toBe(
    "\x01\0\0\0\0\0\0\x06hello\n",
  );
  expect(outputContentType(version("1.42"), { tty: false })).toBe(
    "application/vnd.docker.multiplexed-stream",
  );
  expect(outputContentType(version("1.41"), { tty: false })).toBe("application/vnd.docker.raw-stream");
  expect(outputContentType(version("1.51"), { tty: true })).toBe("application/vnd.docker.raw-stream");
});

test("what is no EngineError is a fault of ours", () => {
  expect(statusOf(new Error("x"))).toBe(500);
  expect(statusOf(new EngineError("conflict", "x"))).toBe(409);
});

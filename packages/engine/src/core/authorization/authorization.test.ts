import { describe, expect, it } from "vitest";
import { authorizationCall } from "./question.ts";
import { isJsonType, requireOneReading, shownHeaders, shownTarget } from "./shown.ts";
import { verdictOf } from "./verdict.ts";

describe("what a plugin is asked", () => {
  const nothing = {
    user: "",
    userAuthNMethod: "",
    method: "GET",
    target: "/_ping",
    headers: {},
    body: "",
    peerCertificates: [],
  };

  it("leaves out what is empty", () => {
    expect(authorizationCall(nothing)).toEqual({ RequestMethod: "GET", RequestUri: "/_ping" });
    expect(authorizationCall(nothing, { status: 204, headers: {}, body: "" })).toEqual({
      RequestMethod: "GET",
      RequestUri: "/_ping",
      ResponseStatusCode: 204,
    });
  });

  it("repeats the request when it asks about the answer, members in the Engine's order", () => {
    const request = {
      ...nothing,
      user: "al",
      userAuthNMethod: "TLS",
      body: "e30=",
      peerCertificates: ["cA=="],
    };
    const call = authorizationCall(request, { status: 200, headers: { A: "b" }, body: "e30=" });
    expect(Object.keys(call)).toEqual([
      "User",
      "UserAuthNMethod",
      "RequestMethod",
      "RequestUri",
      "RequestBody",
      "RequestPeerCertificates",
      "ResponseStatusCode",
      "ResponseBody",
      "ResponseHeaders",
    ]);
  });
});

describe("a verdict", () => {
  it.each([
    [{ Allow: true }, { allowed: true }],
    [{ allow: true, msg: "fine" }, { allowed: true }],
    [
      { Allow: false, Msg: "no" },
      { allowed: false, reason: "no" },
    ],
    [
      { Allow: false, Err: "broken" },
      { allowed: false, reason: "broken" },
    ],
    [{ Msg: "no" }, { allowed: false, reason: "no" }],
    [{ Allow: null }, { allowed: false, reason: "" }],
    [{}, { allowed: false, reason: "" }],
    [null, { allowed: false, reason: "" }],
  ])("of %j is %j", (answer, verdict) => {
    expect(verdictOf(answer)).toEqual(verdict);
  });

  it.each([
    [undefined, "undecodable answer: it is empty"],
    [{ Allow: "true" }, "undecodable answer: Allow: "],
    [{ Allow: 1 }, "undecodable answer: Allow: "],
    [{ Allow: true, Msg: 7 }, "undecodable answer: Msg: "],
    [[{ Allow: true }], "undecodable answer: "],
    ["true", "undecodable answer: "],
    [true, "undecodable answer: "],
    [{ Allow: true, Err: "database gone" }, "database gone"],
  ])("of %j is none: %s", (answer, reason) => {
    expect(() => verdictOf(answer)).toThrow(reason);
  });
});

describe("what plugins see", () => {
  it("is a path that is written as the engine routes it", () => {
    expect(shownTarget("/v1.41/%63ontainers%2Fcreate", "name=%61")).toBe("/v1.41/containers/create?name=%61");
    expect(shownTarget("/volumes/a%20b%3fc%25d%c3%a9", "")).toBe("/volumes/a%20b%3Fc%25d%C3%A9");
    expect(shownTarget("/plugins/acme/q:1@sha256%3Aab/json", "")).toBe("/plugins/acme/q:1@sha256:ab/json");
  });

  it("is the last of headers of one name, as Go writes them, and no credentials", () => {
    const raw = [
      ["Host", "x"],
      ["x-a", "1"],
      ["X-A", "2"],
      ["content-type", "application/json"],
      ["Transfer-Encoding", "chunked"],
      ["authorization", "s"],
      ["X-Registry-Auth", "s"],
      ["x-registry-config", "s"],
      ["Proxy-Authorization", "s"],
      ["__proto__", "p"],
    ] as const;
    const shown = shownHeaders(raw);
    expect(Object.entries(shown)).toEqual([
      ["X-A", "2"],
      ["Content-Type", "application/json"],
      ["__proto__", "p"],
    ]);
  });

  it.each([
    ["application/json", true],
    ["APPLICATION/json ; charset=utf-8", true],
    ["application/json;", true],
    ["application/json; charset", true],
    ["application/jsonp", false],
    ["text/json", false],
    ["text/plain, application/json", false],
    ["", false],
    [undefined, false],
  ])("is a body of type %s: %s", (type, isShown) => {
    expect(isJsonType(type)).toBe(isShown);
  });

  it.each(["force=1;x", "a=1&force=%zz", "%", "a=%4"])("is not the query %s", (query) => {
    expect(() => requireOneReading(query, [])).toThrow("can be read in several ways");
  });

  it("is a query that is encoded well", () => {
    const query = "filters=%7B%22name%22%3A%5B%22a%3Bb%22%5D%7D&all=1";
    expect(() => requireOneReading(query, [])).not.toThrow();
  });
});

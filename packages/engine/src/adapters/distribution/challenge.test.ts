import { describe, expect, it } from "vitest";
import { parseChallenges } from "./challenge.ts";

describe("parseChallenges", () => {
  it.each([
    {
      header:
        'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull,push"',
      expected: [
        {
          scheme: "bearer",
          parameters: {
            realm: "https://auth.test/token",
            service: "registry.test",
            scope: "repository:a/b:pull,push",
          },
        },
      ],
    },
    { header: 'Basic realm="x"', expected: [{ scheme: "basic", parameters: { realm: "x" } }] },
    {
      header: 'BASIC Realm=plain, Bearer realm="a \\"b\\"", error = invalid_token',
      expected: [
        { scheme: "basic", parameters: { realm: "plain" } },
        { scheme: "bearer", parameters: { realm: 'a "b"', error: "invalid_token" } },
      ],
    },
    { header: "Negotiate", expected: [{ scheme: "negotiate", parameters: {} }] },
    { header: "", expected: [] },
    { header: '"broken', expected: [] },
    { header: 'Basic realm="x", ;;', expected: [{ scheme: "basic", parameters: { realm: "x" } }] },
  ])("reads $header", ({ header, expected }) => {
    expect(parseChallenges(header)).toEqual(expected);
  });

  it("reads every header of several", () => {
    expect(parseChallenges(["Basic realm=a", "Bearer realm=b"]).map(({ scheme }) => scheme)).toEqual([
      "basic",
      "bearer",
    ]);
  });

  it("answers nothing where there is no header", () => {
    expect(parseChallenges(undefined)).toEqual([]);
  });

  it("takes a parameter named __proto__ as any other", () => {
    const [challenge] = parseChallenges("Basic __proto__=x");
    expect(Object.keys(challenge?.parameters ?? {})).toEqual(["__proto__"]);
  });
});

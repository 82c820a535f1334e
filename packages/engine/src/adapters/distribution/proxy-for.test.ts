import { expect, test } from "vitest";
import { proxyFor } from "./proxy-for.ts";

const proxies = { http: "plain:3128", https: "https://secure:3129", none: "" };
const through = (url: string, none = "") => proxyFor(new URL(url), { ...proxies, none });

test("each protocol has its own, and what is on this machine none", () => {
  expect(through("http://reg.example/v2/")).toBe("http://plain:3128");
  expect(through("https://reg.example/v2/")).toBe("https://secure:3129");
  expect(proxyFor(new URL("https://reg.example"), { ...proxies, https: "" })).toBeUndefined();
  for (const host of ["localhost:5000", "127.0.0.2", "[::1]:5000"]) {
    expect(through(`http://${host}/`)).toBeUndefined();
  }
});

test.each([
  ["*", "reg.example", true],
  ["reg.example", "reg.example", true],
  ["other, REG.example ,", "reg.example:5000", true],
  ["example", "reg.example", true],
  ["ample", "reg.example", false],
  [".example", "reg.example", true],
  ["*.example", "reg.example", true],
  [".reg.example", "reg.example", false],
  ["reg.example:5000", "reg.example:5000", true],
  ["reg.example:5000", "reg.example", false],
  ["reg.example:443", "reg.example", true],
  ["10.0.0.0/8", "10.1.2.3:5000", true],
  ["10.0.0.0/8", "11.1.2.3", false],
  ["10.0.0.0/99", "10.1.2.3", false],
  ["10.1.2.3", "10.1.2.3:5000", true],
  ["fd00::/8", "[fd00::1]:5000", true],
  ["fd00::1", "[fd00::1]", true],
])("'%s' exempts %s: %s", (none, host, exempt) => {
  expect(through(`https://${host}/v2/`, none) === undefined).toBe(exempt);
});

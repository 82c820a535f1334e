import { expect, test } from "vitest";
import { isProxy, proxiesOf, withoutCredentials } from "./proxies.ts";

test("settings win over variables, which may be written in either case", () => {
  const environment = { HTTP_PROXY: "http://a", https_proxy: "http://b", NO_PROXY: "c" };
  const none = { httpProxy: "", httpsProxy: "", noProxy: "" };
  expect(proxiesOf(none, environment)).toEqual({ http: "http://a", https: "http://b", none: "c" });
  expect(proxiesOf({ ...none, httpsProxy: "http://d" }, environment).https).toBe("http://d");
  expect(proxiesOf(none, {})).toEqual({ http: "", https: "", none: "" });
});

test.each([
  ["http://proxy:3128", true],
  ["proxy:3128", true],
  ["https://u:p@proxy", true],
  ["ftp://proxy", false],
  ["http://", false],
])("%s is a proxy: %s", (text, is) => {
  expect(isProxy(text)).toBe(is);
});

test.each([
  ["http://user:p@ss@proxy:3128/x@y", "http://xxxxx:xxxxx@proxy:3128/x@y"],
  ["http://proxy:3128", "http://proxy:3128"],
])("%s is told as %s", (proxy, told) => {
  expect(withoutCredentials(proxy)).toBe(told);
});

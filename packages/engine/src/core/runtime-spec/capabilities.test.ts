import { expect, test } from "vitest";
import { containerCapabilities } from "./capabilities.ts";
import { allCapabilities, defaultCapabilities } from "./defaults.ts";

const capabilities = (capAdd: readonly string[], capDrop: readonly string[] = [], privileged = false) =>
  containerCapabilities({ capAdd, capDrop, privileged });

test("nothing asked for leaves the default ones", () => {
  expect(capabilities([])).toEqual(defaultCapabilities);
});

test("names are taken in any case, with and without their prefix", () => {
  expect(capabilities(["sys_admin", "CAP_NET_ADMIN"], ["Kill"])).toEqual([
    ...defaultCapabilities.filter((name) => name !== "CAP_KILL"),
    "CAP_SYS_ADMIN",
    "CAP_NET_ADMIN",
  ]);
});

test("ALL added leaves out what is dropped, ALL dropped leaves what is added", () => {
  expect(capabilities(["ALL"], ["chown"])).toEqual(allCapabilities.filter((name) => name !== "CAP_CHOWN"));
  expect(capabilities(["chown"], ["all"])).toEqual(["CAP_CHOWN"]);
});

test("a privileged container has all", () => {
  expect(capabilities([], ["ALL"], true)).toEqual(allCapabilities);
});

test("an unknown name is refused", () => {
  expect(() => capabilities(["fly"])).toThrow('invalid CapAdd: unknown capability: "CAP_FLY"');
});

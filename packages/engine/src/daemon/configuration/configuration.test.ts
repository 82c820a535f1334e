import { describe, expect, test } from "vitest";
import { logLevelOf, mergeConfiguration } from "./configuration.ts";
import { planReload, reloadableValues } from "./reload.ts";

test("flags and file make one configuration, with defaults for the rest", () => {
  const merged = mergeConfiguration(
    { debug: true },
    { "registry-mirrors": ["https://m"], "shutdown-timeout": 3 },
  );
  expect(merged).toMatchObject({
    debug: true,
    registryMirrors: ["https://m"],
    shutdownTimeout: 3,
    dataRoot: "/var/lib/davit",
    hosts: ["unix:///run/davit/davit.sock"],
  });
  expect(Object.isFrozen(merged)).toBe(true);
});

test.each([
  [{ "data-root": "relative" }, 'setting data-root: expected an absolute path, got "relative"'],
  [{ "plugin-socket-dir": `/${"x".repeat(40)}` }, "setting plugin-socket-dir: too long"],
  [{ "data-root": "/a:b" }, "setting data-root: a colon cannot be part of it: /a:b"],
  [{ "exec-root": `/${"x".repeat(100)}` }, "setting exec-root: too long"],
  [{ hosts: [`unix:///${"x".repeat(120)}`] }, "setting hosts: paths of UNIX sockets have 107 bytes at most"],
  [{ hosts: [] }, "setting hosts: at least one is needed"],
  [{ "log-level": "loud" }, 'setting log-level: expected one of debug, info, warn, error, fatal, got "loud"'],
  [{ "log-format": "xml" }, 'setting log-format: expected text or json, got "xml"'],
  [{ "metrics-addr": "9323" }, 'setting metrics-addr: expected HOST:PORT, got "9323"'],
  [{ labels: ["a"] }, "setting labels: bad attribute format: a"],
  [{ "shutdown-timeout": -1 }, "setting shutdown-timeout: "],
  [{ "shutdown-timeout": 1.5 }, "setting shutdown-timeout: "],
  [{ hosts: "unix:///a" }, "setting hosts: "],
  [{ "authorization-plugins": ["a", ""] }, "setting authorization-plugins: a name is empty"],
  [{ "authorization-plugins": "a" }, "setting authorization-plugins: "],
  [{ "authorization-timeout": 0 }, "setting authorization-timeout: expected a positive number"],
  [
    { "default-address-pools": [{ base: "10.0.0.0/16", size: 8 }] },
    "setting default-address-pools: invalid size 8 of pools in 10.0.0.0/16: expected 16 to 32",
  ],
  [{ "default-address-pools": [{ base: "10.0.0.0/16" }] }, "setting default-address-pools: "],
  [{ "authorization-timeout": 86_401 }, "setting authorization-timeout: at most a day"],
])("%j is refused", (given, reason) => {
  expect(() => mergeConfiguration({}, given)).toThrow(reason);
});

test("debug wins over the log level", () => {
  expect(logLevelOf(mergeConfiguration({ debug: true, "log-level": "error" }, {}))).toBe("debug");
  expect(logLevelOf(mergeConfiguration({ "log-level": "error" }, {}))).toBe("error");
});

describe("a reload", () => {
  const running = mergeConfiguration({}, { debug: false, "data-root": "/a" });

  test("takes over what can change, and tells what waits for the next start", () => {
    const file = { debug: true, "data-root": "/b", "insecure-registries": ["a:5"], "log-format": "json" };
    const plan = planReload(running, mergeConfiguration({}, file));
    expect(plan.applied).toEqual(["insecure-registries", "debug"]);
    expect(plan.waiting).toEqual(["data-root", "log-format"]);
    expect(plan.configuration).toEqual({ ...running, debug: true, insecureRegistries: ["a:5"] });
  });

  test("of the same file changes nothing", () => {
    const plan = planReload(running, mergeConfiguration({}, { "data-root": "/a" }));
    expect(plan).toEqual({ configuration: running, applied: [], waiting: [] });
  });

  test("tells all settings that it may change, as text", () => {
    expect(reloadableValues(mergeConfiguration({}, { "registry-mirrors": ["m"] }))).toEqual({
      "authorization-plugins": "[]",
      "authorization-timeout": "30",
      debug: "false",
      "insecure-registries": "[]",
      labels: "[]",
      "live-restore": "true",
      "log-level": "info",
      "plugin-retry-timeout": "30",
      "plugin-start-timeout": "15",
      "registry-mirrors": '["m"]',
      "shutdown-timeout": "15",
    });
  });
});

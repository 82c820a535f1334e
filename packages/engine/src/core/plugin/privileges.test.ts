import { pluginConfigSchema } from "@davit/protocol";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { privilegesOf, requireGranted } from "./privileges.ts";

const config = (value: object) => pluginConfigSchema.parse(value);

describe("privilegesOf", () => {
  it("asks for nothing where a plugin needs nothing", () => {
    expect(privilegesOf(config({}))).toEqual([]);
    expect(privilegesOf(config({ Network: { Type: "bridge" } }))).toEqual([]);
  });

  it("asks for everything in the order of the prompt", () => {
    const all = privilegesOf(
      config({
        network: { type: "host" },
        ipchost: true,
        pidhost: true,
        mounts: [{ source: "/a" }, { source: null }, { source: "" }],
        linux: { capabilities: ["CAP_B", "CAP_A"], allowAllDevices: true, devices: [{ path: "/dev/fuse" }] },
      }),
    );
    expect(all.map(({ Name, Value }) => [Name, Value])).toEqual([
      ["network", ["host"]],
      ["host ipc namespace", ["true"]],
      ["host pid namespace", ["true"]],
      ["mount", ["/a"]],
      ["mount", [""]],
      ["device", ["/dev/fuse"]],
      ["allow-all-devices", ["true"]],
      ["capabilities", ["CAP_B", "CAP_A"]],
    ]);
  });
});

const privilege = fc.record({
  Name: fc.constantFrom("network", "mount", "device", "capabilities"),
  Description: fc.string(),
  Value: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 }),
});

describe("requireGranted", () => {
  it("takes the same privileges in any order, whatever their descriptions", () => {
    fc.assert(
      fc.property(fc.array(privilege), fc.string(), (required, text) => {
        const granted = required.map((item) => ({
          ...item,
          Description: text,
          Value: [...item.Value].reverse(),
        }));
        expect(() => requireGranted(required, granted.reverse())).not.toThrow();
      }),
    );
  });

  it("refuses any list in which one value differs, the alphabetically first included", () => {
    fc.assert(
      fc.property(fc.array(privilege, { minLength: 1 }), fc.nat(), (required, position) => {
        const changed = required.map((item, index) =>
          index === position % required.length ? { ...item, Value: [...item.Value, "more"] } : item,
        );
        expect(() => requireGranted(required, changed)).toThrow("incorrect privileges");
      }),
    );
  });

  it("refuses a list with one privilege too few or too many", () => {
    const mount = { Name: "mount", Description: "", Value: ["/"] };
    expect(() => requireGranted([mount], [])).toThrow("incorrect privileges");
    expect(() => requireGranted([], [mount])).toThrow("incorrect privileges");
  });
});

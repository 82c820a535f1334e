import { expect, test } from "vitest";
import { type FirstNetwork, networkSettings, parseNetworkOption } from "./network-option.ts";

const none: FirstNetwork = { aliases: [], links: [], linkLocalIps: [], ip: "", ip6: "", macAddress: "" };
const settings = (texts: readonly string[], first = none) =>
  networkSettings(
    texts.map((text) => parseNetworkOption(text)),
    first,
  );

test("a name alone is the mode, and asks for nothing", () => {
  expect(settings([])).toEqual({ mode: "default", endpoints: {} });
  expect(settings(["mine"])).toEqual({ mode: "mine", endpoints: {} });
  expect(settings(["container:a"])).toEqual({ mode: "container:a", endpoints: {} });
});

test("the long form says what is wanted of a network", () => {
  const long =
    'name=mine,alias=a,alias=b,ip=10.0.0.2,"driver-opt=k=v,w",gw-priority=-1,mac-address=02:42:00:00:00:01';
  expect(settings([long])).toEqual({
    mode: "mine",
    endpoints: {
      mine: {
        Aliases: ["a", "b"],
        IPAMConfig: { IPv4Address: "10.0.0.2", IPv6Address: "", LinkLocalIPs: [] },
        DriverOpts: { k: "v,w" },
        MacAddress: "02:42:00:00:00:01",
        GwPriority: -1,
      },
    },
  });
});

test("flags of their own are for the first of several", () => {
  expect(settings(["one", "two"], { ...none, aliases: ["x"] })).toEqual({
    mode: "one",
    endpoints: { one: { Aliases: ["x"] }, two: {} },
  });
});

test.each([
  [["name=a,alias=b", "name=a"], 'network "a" is specified multiple times'],
  [["a", "host"], "cannot attach both user-defined and non-user-defined network-modes"],
  [["alias=b"], "network name/id is not specified"],
  [["name=a,odd=b"], "invalid field key odd"],
  [["name=a,driver-opt=b"], "invalid key value pair format in driver options"],
  [["name=a,alias=b"], "cannot specify both --network-alias and per-network alias"],
])("%j is refused", (texts, message) => {
  expect(() => settings(texts, { ...none, aliases: ["x"] })).toThrow(message);
});

import { expect, test } from "vitest";
import { ipamConfig } from "./ipam-config.ts";

const none = { subnets: [], ranges: [], gateways: [], auxAddresses: {} };

test("ranges, gateways and further addresses go to the subnets that they are in", () => {
  const given = {
    subnets: ["10.1.0.0/16", "fd01::/64", "10.2.0.0/16"],
    ranges: ["10.2.3.0/24"],
    gateways: ["fd01::9", "10.1.0.9"],
    auxAddresses: { a: "10.2.0.5", b: "10.2.0.6" },
  };
  expect(ipamConfig(given)).toEqual([
    { Subnet: "10.1.0.0/16", Gateway: "10.1.0.9" },
    { Subnet: "fd01::/64", Gateway: "fd01::9" },
    { Subnet: "10.2.0.0/16", IPRange: "10.2.3.0/24", AuxiliaryAddresses: { a: "10.2.0.5", b: "10.2.0.6" } },
  ]);
});

test.each([
  [{ ...none, gateways: ["10.1.0.1"] }, "every ip-range or gateway must have a corresponding subnet"],
  [{ ...none, subnets: ["10.1.0.0/16", "10.1.2.0/24"] }, "multiple overlapping subnet configuration"],
  [{ ...none, subnets: ["10.1.0.0/16"], gateways: ["10.2.0.1"] }, "no matching subnet for gateway 10.2.0.1"],
  [
    { ...none, subnets: ["10.1.0.0/16"], ranges: ["10.2.0.0/24"] },
    "no matching subnet for range 10.2.0.0/24",
  ],
  [{ ...none, subnets: ["10.1.0.0/16"], auxAddresses: { a: "x" } }, "no matching subnet for aux-address x"],
  [
    { ...none, subnets: ["10.1.0.0/16", "10.2.0.0/16"], gateways: ["10.1.0.1", "10.1.0.2"] },
    "cannot configure multiple gateways (10.1.0.1, 10.1.0.2) on the same subnet (10.1.0.0/16)",
  ],
])("%j is refused", (given, message) => {
  expect(() => ipamConfig(given)).toThrow(message);
});

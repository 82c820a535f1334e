import { expect, it } from "vitest";
import {
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
  subnetsOf,
  usableRange,
} from "./subnet.ts";

it.each([
  ["0.0.0.0", 4],
  ["10.1.2.3", 4],
  ["255.255.255.255", 4],
  ["::", 6],
  ["::1", 6],
  ["fd00::", 6],
  ["fd00:0:0:1::2", 6],
  ["2001:db8:1:2:3:4:5:6", 6],
] as const)("%s is read and written", (text, family) => {
  expect(formatAddress(parseAddress(text), family)).toBe(text);
});

it.each(["", "10.1.2", "10.1.2.256", "fe80::1%eth0", "::ffff:10.0.0.1"])("%j is no address", (text) => {
  expect(() => parseAddress(text)).toThrow("is no address");
});

it.each([
  ["10.0.0.0/24", "10.0.0.0/24"],
  ["10.0.0.77/24", "10.0.0.0/24"],
  ["fd00::7/64", "fd00::/64"],
  ["10.0.0.1/32", "10.0.0.1/32"],
])("%s means the subnet %s", (text, subnet) => {
  expect(formatSubnet(parseSubnet(text))).toBe(subnet);
});

it.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "10.0.0.0/24/2"])(
  "%s is no subnet",
  (text) => {
    expect(() => parseSubnet(text)).toThrow("is no");
  },
);

it("subnets overlap and contain each other by what is in them", () => {
  const [wide, part, other] = ["10.0.0.0/16", "10.0.8.0/24", "10.1.0.0/16"].map(parseSubnet);
  if (wide === undefined || part === undefined || other === undefined) throw new Error("three subnets");
  expect([overlap(wide, part), overlap(part, wide), overlap(part, other)]).toEqual([true, true, false]);
  expect([contains(wide, part), contains(part, wide)]).toEqual([true, false]);
  expect(overlap(parseSubnet("0.0.0.0/0"), parseSubnet("::/0"))).toBe(false);
});

it.each([
  ["10.0.0.0/24", "10.0.0.1", "10.0.0.254"],
  ["10.0.0.4/31", "10.0.0.4", "10.0.0.5"],
  ["10.0.0.4/32", "10.0.0.4", "10.0.0.4"],
  ["fd00::/120", "fd00::1", "fd00::ff"],
])("containers in %s may have %s to %s", (text, from, to) => {
  const subnet = parseSubnet(text);
  const range = usableRange(subnet);
  expect([range.from, range.to].map((address) => formatAddress(address, subnet.family))).toEqual([from, to]);
});

it("a subnet is cut into smaller ones", () => {
  const parts = Array.from(subnetsOf(parseSubnet("10.0.0.0/23"), 24), formatSubnet);
  expect(parts).toEqual(["10.0.0.0/24", "10.0.1.0/24"]);
});

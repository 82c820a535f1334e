import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addressPools, findFreeSubnet, parseAddressPools } from "./address-pools.ts";
import { type Cidr, formatCidr, networkOf, overlap } from "./cidr.ts";

test.each([
  ["base=10.0.0.0/8,size=24", { base: "10.0.0.0/8", size: 24 }],
  ["size=64, Base=fd00::/56", { base: "fd00::/56", size: 64 }],
])("%s is taken", (text, setting) => {
  expect(parseAddressPools(text)).toEqual(setting);
});

test.each([
  ["10.0.0.0/8", "invalid field '10.0.0.0/8' must be a key=value pair"],
  ["base=10.0.0.0/8", 'invalid size value: "" (must be integer)'],
  ["base=10.0.0.0/8,size=-1", 'invalid size value: "-1" (must be integer)'],
  ["base=10.0.0.0/8,length=24", "unexpected key 'length' in 'length=24'"],
])("%s is refused: %s", (text, message) => {
  expect(() => parseAddressPools(text)).toThrow(message);
});

test.each([
  ["odd", 24, 'invalid base prefix "odd"'],
  ["10.0.0.0/16", 8, "invalid size 8 of pools in 10.0.0.0/16: expected 16 to 32"],
  ["10.0.0.0/16", 33, "expected 16 to 32"],
  ["fd00::/56", 129, "expected 56 to 128"],
])("%s cut to %i is refused: %s", (base, size, message) => {
  expect(() => addressPools({ base, size })).toThrow(message);
});

test("a base that is more than could be looked at one by one has its first subnet behind what is taken", () => {
  const taken = [{ family: 6 as const, value: 0xfd00n << 112n, prefixLength: 17 }];
  const found = findFreeSubnet([addressPools({ base: "fd00::/16", size: 128 })], taken, undefined);
  expect(found === undefined ? undefined : formatCidr(found.subnet)).toBe("fd00:8000::/128");
});

test("what is found is of its base, of its size, over nothing that is taken; and nothing is found only where all is taken", () => {
  const base = 0x0a_00_00_00n;
  const taken = fc.array(
    fc
      .record({ at: fc.bigInt({ min: 0n, max: 0xffffn }), prefixLength: fc.integer({ min: 15, max: 32 }) })
      .map(({ at, prefixLength }): Cidr => networkOf({ family: 4, value: base + at, prefixLength })),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(taken, fc.integer({ min: 16, max: 22 }), (others, size) => {
      const pools = addressPools({ base: "10.0.0.0/16", size });
      const found = findFreeSubnet([pools], others, undefined);
      const all = Array.from({ length: 2 ** (size - 16) }, (_, at): Cidr => {
        return { family: 4, value: base + (BigInt(at) << BigInt(32 - size)), prefixLength: size };
      });
      expect(found?.subnet).toEqual(all.find((one) => !others.some((other) => overlap(one, other))));
    }),
  );
});

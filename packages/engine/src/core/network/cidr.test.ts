import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  bitsOf,
  type Cidr,
  contains,
  firstOf,
  formatAddress,
  formatCidr,
  lastOf,
  networkOf,
  overlap,
  parseAddress,
  parseCidr,
} from "./cidr.ts";

const cidrs: fc.Arbitrary<Cidr> = fc.constantFrom(4 as const, 6 as const).chain((family) =>
  fc.record({
    family: fc.constant(family),
    value: fc.bigInt({ min: 0n, max: (1n << BigInt(bitsOf(family))) - 1n }),
    prefixLength: fc.integer({ min: 0, max: bitsOf(family) }),
  }),
);

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["::", "::"],
  ["fd00:0:0:0:0:0:0:1", "fd00::1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["::ffff:1.2.3.4", "::ffff:102:304"],
])("%s is written %s", (text, written) => {
  const address = parseAddress(text);
  expect(address === undefined ? undefined : formatAddress(address)).toBe(written);
});

test.each([
  "1.2.3",
  "1.2.3.256",
  "1:2",
  "::1::",
  "g::",
  "1.2.3.4/33",
  "1.2.3.4/",
  "1.2.3.4/024",
  "010.1.0.1",
  "::/129",
  "",
])("%j is no address and no subnet", (text) => {
  expect(parseAddress(text)).toBeUndefined();
  expect(parseCidr(text)).toBeUndefined();
});

test("of either family, whatever is written is read as the same", () => {
  fc.assert(
    fc.property(cidrs, (cidr) => {
      const { prefixLength: _prefixLength, ...address } = cidr;
      expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }),
  );
});

test("IPv6 is written as a URL's parser writes it", () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(groups, (values) => {
      const address = parseAddress(values.map((value) => value.toString(16)).join(":"));
      expect(address).toBeDefined();
      if (address === undefined) return;
      expect(new URL(`http://[${formatAddress(address)}]/`).hostname).toBe(`[${formatAddress(address)}]`);
    }),
  );
});

test("a network has its first and last address, and none beside them", () => {
  fc.assert(
    fc.property(cidrs, (cidr) => {
      const { family } = cidr;
      expect(contains(cidr, cidr)).toBe(true);
      expect(contains(cidr, { family, value: firstOf(cidr) })).toBe(true);
      expect(contains(cidr, { family, value: lastOf(cidr) })).toBe(true);
      expect(contains(cidr, { family, value: firstOf(cidr) - 1n })).toBe(false);
      expect(contains(cidr, { family, value: lastOf(cidr) + 1n })).toBe(false);
      expect(networkOf(networkOf(cidr))).toEqual(networkOf(cidr));
    }),
  );
});

test("two overlap or do not, whichever is asked, and overlap where one holds the other's first address", () => {
  // Near each other, or they would never meet.
  const near = cidrs.chain((one) =>
    fc.tuple(
      fc.constant(one),
      fc.record({
        family: fc.constant(one.family),
        value: fc
          .bigInt({ min: -(1n << 20n), max: 1n << 20n })
          .map((by) => BigInt.asUintN(bitsOf(one.family), one.value + by)),
        prefixLength: fc.integer({ min: 0, max: bitsOf(one.family) }),
      }),
    ),
  );
  fc.assert(
    fc.property(near, ([one, other]) => {
      expect(overlap(one, other)).toBe(overlap(other, one));
      const meets = contains(one, networkOf(other)) || contains(other, networkOf(one));
      expect(overlap(one, other)).toBe(meets);
    }),
  );
});

import { describe, expect, test } from "vitest";
import { formatAddress, overlap, parseAddress, parseCidr } from "./cidr.ts";
import { DefaultIpam, dockerPools } from "./default-ipam.ts";

const make = (routes: readonly string[] = []) =>
  new DefaultIpam({
    pools: dockerPools,
    routes: () => Promise.resolve(routes),
    uniqueLocalPrefix: () => ({ family: 6, value: 0xfd01n << 112n, prefixLength: 64 }),
  });
const open = { addressSpace: "LocalDefault", pool: "", subPool: "", options: {}, ipv6: false };

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

test.each(["1.2.3", "1.2.3.256", "1:2", "::1::", "g::", "1.2.3.4/33", "1.2.3.4/", "::/129", ""])(
  "%j is no address and no subnet",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(parseCidr(text)).toBeUndefined();
  },
);

describe("pools", () => {
  test("of nobody's choice follow each other, are not used again at once, and leave out what the host has routes to", async () => {
    const ipam = make(["172.18.0.0/16", "172.20.5.0/24", "0.0.0.0/0"]);
    const first = await ipam.requestPool(open);
    expect(first.pool).toBe("172.17.0.0/16");
    await ipam.releasePool(first.poolId);
    expect((await ipam.requestPool(open)).pool).toBe("172.19.0.0/16");
    expect((await ipam.requestPool(open)).pool).toBe("172.21.0.0/16");
  });

  test("are some thirty, none in another, and then there are no more", async () => {
    const ipam = make();
    const pools: string[] = [];
    for (let count = 0; count < 31; count += 1) pools.push((await ipam.requestPool(open)).pool);
    expect(pools).toContain("172.31.0.0/16");
    expect(pools.at(-1)).toBe("192.168.240.0/20");
    const parsed = pools.flatMap((pool) => parseCidr(pool) ?? []);
    const overlapping = parsed.filter((one, at) => parsed.slice(0, at).some((other) => overlap(one, other)));
    expect(overlapping).toEqual([]);
    await expect(ipam.requestPool(open)).rejects.toThrow("non-overlapping IPv4 address pool");
  });

  test("of IPv6 come from a prefix of the host's own", async () => {
    expect((await make().requestPool({ ...open, ipv6: true })).pool).toBe("fd01::/64");
  });

  test.each([
    ["10.1.0.0/24", "", "Pool overlaps with other one on this address space"],
    ["10.0.0.0/8", "", "Pool overlaps with other one on this address space"],
    ["10.2.0.0/24", "10.3.0.0/28", "invalid ip-range 10.3.0.0/28: it is not part of subnet 10.2.0.0/24"],
    ["10.2.0.0/24", "10.2.0.0/16", "invalid ip-range 10.2.0.0/16"],
    ["odd", "", "Invalid subnet odd : invalid CIDR address: odd"],
  ])("%s with range %j is refused beside 10.1.0.0/16", async (pool, subPool, message) => {
    const ipam = make();
    ipam.takePool("10.1.0.0/16", "");
    await expect(ipam.requestPool({ ...open, pool, subPool })).rejects.toThrow(message);
  });
});

describe("addresses", () => {
  const all = async (pool: string, subPool = ""): Promise<readonly string[]> => {
    const ipam = make();
    const { poolId } = ipam.takePool(pool, subPool);
    const given: string[] = [];
    for (;;) {
      try {
        given.push((await ipam.requestAddress({ poolId, address: "", options: {} })).address);
      } catch (error) {
        expect(String(error)).toContain("no available addresses");
        return given;
      }
    }
  };

  test("are all of the subnet's but its own and that of everybody", async () => {
    expect(await all("10.1.0.0/29")).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.1.0.${String(last)}/29`));
    expect(await all("10.1.0.0/31")).toEqual(["10.1.0.0/31", "10.1.0.1/31"]);
    expect(await all("fd00::/126")).toEqual(["fd00::1/126", "fd00::2/126", "fd00::3/126"]);
  });

  test("come from the range, with the subnet's prefix length", async () => {
    expect(await all("10.1.0.0/16", "10.1.5.0/30")).toEqual(
      [0, 1, 2, 3].map((last) => `10.1.5.${String(last)}/16`),
    );
  });

  test("that are asked for may lie outside of the range, and are given once", async () => {
    const ipam = make();
    const { poolId } = ipam.takePool("10.1.0.0/16", "10.1.5.0/24");
    const ask = (address: string) => ipam.requestAddress({ poolId, address, options: {} });
    expect((await ask("10.1.200.1")).address).toBe("10.1.200.1/16");
    await expect(ask("10.1.200.1")).rejects.toThrow("Address already in use");
    await expect(ask("10.2.0.1")).rejects.toThrow("Requested address is out of range");
    await ipam.releaseAddress(poolId, "10.1.200.1");
    expect((await ask("10.1.200.1")).address).toBe("10.1.200.1/16");
  });
});

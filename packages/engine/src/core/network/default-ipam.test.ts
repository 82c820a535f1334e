import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressPools, dockerPools } from "./address-pools.ts";
import { contains, overlap, parseAddress, parseCidr } from "./cidr.ts";
import { DefaultIpam } from "./default-ipam.ts";

const make = (routes: readonly string[] = [], pools = dockerPools) =>
  new DefaultIpam({
    pools,
    routes: () => Promise.resolve(routes),
    uniqueLocalPrefix: () => ({ family: 6, value: 0xfd01n << 112n, prefixLength: 64 }),
  });
const open = { addressSpace: "LocalDefault", pool: "", subPool: "", options: {}, ipv6: false };

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
    const ipam = make();
    expect((await ipam.requestPool({ ...open, ipv6: true })).pool).toBe("fd01::/64");
    // The same is drawn for ever here.
    await expect(ipam.requestPool({ ...open, ipv6: true })).rejects.toThrow("non-overlapping IPv6 address");
  });

  test("come from where the settings say, of both families", async () => {
    const pools = [
      { base: "10.5.0.0/23", size: 24 },
      { base: "fd05::/63", size: 64 },
    ].map(addressPools);
    const ipam = make([], pools);
    for (const [ipv6, given] of [
      [false, ["10.5.0.0/24", "10.5.1.0/24"]],
      [true, ["fd05::/64", "fd05:0:0:1::/64"]],
    ] as const) {
      for (const pool of given) expect((await ipam.requestPool({ ...open, ipv6 })).pool).toBe(pool);
      await expect(ipam.requestPool({ ...open, ipv6 })).rejects.toThrow("non-overlapping");
    }
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

  test.each([
    ["10.1.0.0/28", "10.1.0.8/29"],
    ["10.1.0.0/28", ""],
    ["fd00::/124", "fd00::8/125"],
    ["fd00::/124", ""],
  ])(
    "of %s with range %j are never given twice, and are free once they are given back",
    async (pool, subPool) => {
      const network = parseCidr(pool);
      const range = parseCidr(subPool === "" ? pool : subPool);
      if (network === undefined || range === undefined) throw new Error("no subnet");
      const steps = fc.array(
        fc.oneof(
          fc.constant({ take: "" }),
          // Also some of another subnet.
          fc.integer({ min: 0, max: 17 }).map((last) => ({
            take: pool.includes(":") ? `fd00::${last.toString(16)}` : `10.1.0.${String(last)}`,
          })),
          fc.nat().map((give) => ({ give })),
        ),
        { maxLength: 60 },
      );
      const wrong = async (all: readonly ({ take: string } | { give: number })[]): Promise<string> => {
        const ipam = make();
        const { poolId } = ipam.takePool(pool, subPool);
        const held: string[] = [];
        const ask = async (address: string): Promise<string> => {
          try {
            return (await ipam.requestAddress({ poolId, address, options: {} })).address;
          } catch (error) {
            if (/already in use|out of range|no available addresses/.test(String(error))) return "";
            throw error;
          }
        };
        for (const step of all) {
          if ("give" in step) {
            const [given] = held.splice(step.give % Math.max(1, held.length), 1);
            if (given === undefined) continue;
            await ipam.releaseAddress(poolId, given);
            const again = await ask(given);
            if (again !== `${given}/${String(network.prefixLength)}`) return `${given} is not free`;
            await ipam.releaseAddress(poolId, given);
            continue;
          }
          const [text = ""] = (await ask(step.take)).split("/");
          if (text === "") continue;
          const address = parseAddress(text);
          if (held.includes(text)) return `${text} was given twice`;
          if (address === undefined || !contains(step.take === "" ? range : network, address)) {
            return `${text} is outside`;
          }
          held.push(text);
        }
        return "";
      };
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          expect(await wrong(all)).toBe("");
        }),
      );
    },
  );
});

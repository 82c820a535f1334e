import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PoolRequest } from "@davit/sdk";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openNetworkState } from "./network-state.ts";
import { parseSubnet } from "./subnet.ts";
import { SubnetIpamDriver } from "./subnet-ipam-driver.ts";

let dir: string;
let driver: SubnetIpamDriver;

const open = async (pools = "10.210.0.0/16") =>
  new SubnetIpamDriver({ state: await openNetworkState(join(dir, "state.json")), pools: parseSubnet(pools) });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "ipam-"));
  driver = await open();
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const any: PoolRequest = { addressSpace: "veth-local", options: {}, ipv6: false };
const take = async (poolId: string, over: { readonly address?: string; readonly isGateway?: boolean } = {}) =>
  (await driver.requestAddress({ poolId, isGateway: false, options: {}, ...over })).address;

it("gives pools that do not overlap, and addresses from the lowest free one on", async () => {
  const one = await driver.requestPool(any);
  expect(one).toEqual({ poolId: "veth-local/10.210.0.0/24", pool: "10.210.0.0/24" });
  expect(await take(one.poolId, { isGateway: true })).toBe("10.210.0.1/24");
  expect(await take(one.poolId)).toBe("10.210.0.2/24");
  expect(await take(one.poolId)).toBe("10.210.0.3/24");
  await driver.releaseAddress({ poolId: one.poolId, address: "10.210.0.2" });
  expect(await take(one.poolId)).toBe("10.210.0.2/24");
  expect((await driver.requestPool(any)).pool).toBe("10.210.1.0/24");
});

it("gives what is asked for, and refuses what is taken or lies elsewhere", async () => {
  const { poolId } = await driver.requestPool({ ...any, pool: "10.9.0.0/24", subPool: "10.9.0.128/30" });
  expect(await take(poolId, { address: "10.9.0.9" })).toBe("10.9.0.9/24");
  await expect(take(poolId, { address: "10.9.0.9" })).rejects.toThrow("address 10.9.0.9 is in use");
  await expect(take(poolId, { address: "10.9.1.9" })).rejects.toThrow("10.9.1.9 is not in 10.9.0.0/24");
  await expect(driver.requestPool({ ...any, pool: "10.9.0.0/16" })).rejects.toThrow(
    "pool 10.9.0.0/16 overlaps with 10.9.0.0/24",
  );
  expect([await take(poolId), await take(poolId), await take(poolId), await take(poolId)]).toEqual(
    [128, 129, 130, 131].map((last) => `10.9.0.${String(last)}/24`),
  );
  await expect(take(poolId)).rejects.toThrow("no free address in 10.9.0.128/30");
});

it("knows IPv6 where a subnet is given", async () => {
  const { poolId } = await driver.requestPool({ ...any, pool: "fd00:9::/64", ipv6: true });
  expect(await take(poolId)).toBe("fd00:9::1/64");
  await expect(driver.requestPool({ ...any, ipv6: true })).rejects.toThrow("needs a --subnet");
});

it("gives an unused pool again, whose first answer may have been lost", async () => {
  const first = await driver.requestPool({ ...any, pool: "10.9.0.0/24" });
  expect(await driver.requestPool({ ...any, pool: "10.9.0.0/24" })).toEqual(first);
  await take(first.poolId);
  await expect(driver.requestPool({ ...any, pool: "10.9.0.0/24" })).rejects.toThrow("overlaps");
});

it("remembers everything when it starts again", async () => {
  const { poolId } = await driver.requestPool(any);
  await take(poolId);
  driver = await open();
  expect(await take(poolId)).toBe("10.210.0.2/24");
  await driver.releasePool({ poolId });
  driver = await open();
  await expect(take(poolId)).rejects.toThrow(`no such pool: ${poolId}`);
});

it("ends what is not there without an error", async () => {
  const poolId = "veth-local/10.0.0.0/24";
  await expect(driver.releasePool({ poolId })).resolves.toBeUndefined();
  await expect(driver.releaseAddress({ poolId, address: "10.0.0.1" })).resolves.toBeUndefined();
});

it("refuses options, ranges elsewhere, and more than there is", async () => {
  await expect(driver.requestPool({ ...any, options: { a: "b" } })).rejects.toThrow('unknown option "a"');
  await expect(driver.requestPool({ ...any, pool: "10.9.0.0/24", subPool: "10.8.0.0/28" })).rejects.toThrow(
    "range 10.8.0.0/28 is not part of 10.9.0.0/24",
  );
  driver = await open("10.210.0.0/24");
  await driver.requestPool(any);
  await expect(driver.requestPool(any)).rejects.toThrow("all of 10.210.0.0/24 is in use");
});

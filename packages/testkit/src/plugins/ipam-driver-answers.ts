import { ipamDriverRequests as requests } from "@davit/protocol";
import type { PluginAnswer } from "./plugin-server.ts";

/**
 * The answers of an IPAM driver for /24 networks: 10.77.N.0/24 unless another is asked for, addresses from .1 on. It refuses what is taken, and what
 * it never gave.
 */
export function ipamDriverAnswers(): Readonly<Record<string, PluginAnswer>> {
  const taken = new Map<string, Set<string>>();
  const addressesOf = (poolId: string): Set<string> => {
    const addresses = taken.get(poolId);
    if (addresses === undefined) throw new Error(`no pool ${poolId}`);
    return addresses;
  };
  const orError =
    (answer: (body: unknown) => object): PluginAnswer =>
    (body) => {
      try {
        return answer(body);
      } catch (error) {
        return { Error: error instanceof Error ? error.message : String(error) };
      }
    };
  return {
    "IpamDriver.GetCapabilities": () => ({}),
    "IpamDriver.GetDefaultAddressSpaces": () => ({
      LocalDefaultAddressSpace: "TestLocal",
      GlobalDefaultAddressSpace: "TestGlobal",
    }),
    "IpamDriver.RequestPool": orError((body) => {
      const { Pool } = requests["IpamDriver.RequestPool"].parse(body);
      const free = Array.from({ length: 256 }, (_, n) => `10.77.${String(n)}.0/24`).find(
        (pool) => !taken.has(`pool-${pool}`),
      );
      const pool = Pool === "" ? (free ?? "") : Pool;
      const poolId = `pool-${pool}`;
      if (taken.has(poolId)) throw new Error(`pool ${pool} is taken`);
      taken.set(poolId, new Set());
      return { PoolID: poolId, Pool: pool, Data: {} };
    }),
    "IpamDriver.ReleasePool": orError((body) => {
      const { PoolID } = requests["IpamDriver.ReleasePool"].parse(body);
      const left = [...addressesOf(PoolID)];
      if (left.length > 0) throw new Error(`pool ${PoolID} has addresses in use: ${left.join(" ")}`);
      taken.delete(PoolID);
      return {};
    }),
    "IpamDriver.RequestAddress": orError((body) => {
      const { PoolID, Address } = requests["IpamDriver.RequestAddress"].parse(body);
      const addresses = addressesOf(PoolID);
      const prefix = PoolID.replace(/^pool-/, "").replace(/\.\d+\/\d+$/, "");
      const free = Array.from({ length: 253 }, (_, n) => `${prefix}.${String(n + 1)}`).find(
        (address) => !addresses.has(address),
      );
      const address = Address === "" ? (free ?? "") : Address;
      if (addresses.has(address)) throw new Error(`address ${address} is taken`);
      addresses.add(address);
      return { Address: `${address}/24`, Data: {} };
    }),
    "IpamDriver.ReleaseAddress": orError((body) => {
      const { PoolID, Address } = requests["IpamDriver.ReleaseAddress"].parse(body);
      if (!addressesOf(PoolID).delete(Address)) throw new Error(`address ${Address} was not given`);
      return {};
    }),
  };
}

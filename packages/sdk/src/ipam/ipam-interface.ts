import { ipamKeys, ipamDriverRequests as requests } from "@davit/protocol";
import { type DriverInterface, rpcMethod } from "../rpc/rpc-method.ts";
import type { IpamDriver } from "./ipam-driver.ts";

const query = { query: true };
const change = { query: false };

/** The wire side of an IPAM driver. https://github.com/moby/moby/blob/v28.5.2/libnetwork/docs/ipam.md */
export const ipamInterface = (driver: IpamDriver): DriverInterface => ({
  name: "IpamDriver",
  methods: {
    "IpamDriver.GetCapabilities": rpcMethod(
      requests["IpamDriver.GetCapabilities"],
      async () => ({
        RequiresMACAddress: driver.requiresMacAddress ?? false,
        RequiresRequestReplay: driver.requiresRequestReplay ?? false,
      }),
      query,
    ),
    "IpamDriver.GetDefaultAddressSpaces": rpcMethod(
      requests["IpamDriver.GetDefaultAddressSpaces"],
      async () => ({
        LocalDefaultAddressSpace: driver.addressSpaces?.local ?? "LocalDefault",
        GlobalDefaultAddressSpace: driver.addressSpaces?.global ?? "GlobalDefault",
      }),
      query,
    ),
    "IpamDriver.RequestPool": rpcMethod(
      requests["IpamDriver.RequestPool"],
      async ({ AddressSpace, Pool, SubPool, Options, V6 }, call) => {
        const request = {
          addressSpace: AddressSpace,
          options: Options,
          ipv6: V6,
          ...(Pool !== "" && { pool: Pool }),
          ...(SubPool !== "" && { subPool: SubPool }),
        };
        const { poolId, pool, gateway, data } = await driver.requestPool(request, call);
        const Data = { ...data, ...(gateway !== undefined && { [ipamKeys.gateway]: gateway }) };
        return { PoolID: poolId, Pool: pool, Data };
      },
      change,
    ),
    "IpamDriver.ReleasePool": rpcMethod(
      requests["IpamDriver.ReleasePool"],
      async ({ PoolID }, call) => {
        await driver.releasePool({ poolId: PoolID }, call);
        return {};
      },
      change,
    ),
    "IpamDriver.RequestAddress": rpcMethod(
      requests["IpamDriver.RequestAddress"],
      async ({ PoolID, Address, Options }, call) => {
        const macAddress = Options[ipamKeys.macAddress];
        const request = {
          poolId: PoolID,
          isGateway: Options[ipamKeys.requestAddressType] === ipamKeys.gateway,
          options: Options,
          ...(Address !== "" && { address: Address }),
          ...(macAddress !== undefined && { macAddress }),
        };
        const { address, data } = await driver.requestAddress(request, call);
        return { Address: address, Data: data ?? {} };
      },
      change,
    ),
    "IpamDriver.ReleaseAddress": rpcMethod(
      requests["IpamDriver.ReleaseAddress"],
      async ({ PoolID, Address }, call) => {
        await driver.releaseAddress({ poolId: PoolID, address: Address }, call);
        return {};
      },
      change,
    ),
  },
});

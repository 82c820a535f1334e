import * as z from "zod";
import { goObject, goStringMap } from "../json.ts";

// https://github.com/moby/moby/blob/v28.5.2/libnetwork/docs/ipam.md

const text = z.string().default("");
const flag = z.boolean().default(false);

/** Unlike in every other interface it is not called `Err`. */
const error = { Error: text };

export const ipamDriverRequests = {
  "IpamDriver.GetCapabilities": goObject({}),
  "IpamDriver.GetDefaultAddressSpaces": goObject({}),
  "IpamDriver.RequestPool": goObject({
    AddressSpace: text,
    Pool: text,
    SubPool: text,
    Options: goStringMap,
    V6: flag,
  }),
  "IpamDriver.ReleasePool": goObject({ PoolID: z.string() }),
  "IpamDriver.RequestAddress": goObject({ PoolID: z.string(), Address: text, Options: goStringMap }),
  "IpamDriver.ReleaseAddress": goObject({ PoolID: z.string(), Address: text }),
} as const;

export const ipamDriverResponses = {
  "IpamDriver.GetCapabilities": goObject({
    RequiresMACAddress: flag,
    RequiresRequestReplay: flag,
    ...error,
  }),
  "IpamDriver.GetDefaultAddressSpaces": goObject({
    LocalDefaultAddressSpace: text,
    GlobalDefaultAddressSpace: text,
    ...error,
  }),
  "IpamDriver.RequestPool": goObject({ PoolID: text, Pool: text, Data: goStringMap, ...error }),
  "IpamDriver.ReleasePool": goObject(error),
  "IpamDriver.RequestAddress": goObject({ Address: text, Data: goStringMap, ...error }),
  "IpamDriver.ReleaseAddress": goObject(error),
} as const;

/** What keys in options and data of the interface mean. */
export const ipamKeys = {
  /** In data: an address in CIDR notation that the driver has set aside. */
  gateway: "com.docker.network.gateway",
  /** In options: what the address is for; the gateway's key means a gateway. */
  requestAddressType: "RequestAddressType",
  /** In options: for drivers that require it. */
  macAddress: "com.docker.network.endpoint.macaddress",
} as const;

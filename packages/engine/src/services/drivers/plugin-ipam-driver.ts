import { ipamDriverResponses, ipamKeys } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, isCanceled, messageOf, PluginRefusal } from "../../core/errors.ts";
import { addressOnly, overlap, parseCidr } from "../../core/network/cidr.ts";
import type { DriverCall } from "../../core/ports/driver-call.ts";
import type { AddressPool, AddressRequest, IpamDriver, PoolRequest } from "../../core/ports/ipam-driver.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginEndpoint } from "../endpoints/plugin-endpoint.ts";
import { isCidr } from "./addresses.ts";
import { AskedOnce } from "./asked-once.ts";
import { callDriver } from "./call-driver.ts";

const responses = ipamDriverResponses;

/** Docker Engine waits for ever; choosing an address does not take this long. */
const callTimeoutMs = 60_000;

/** How many pools in a row may overlap with the host's routes. */
const maxPools = 256;

export interface PluginIpamDriverOptions {
  readonly endpoint: PluginEndpoint;
  /** What the host has routes to, in CIDR notation. */
  readonly routes: () => Promise<readonly string[]>;
  readonly logger: Logger;
}

type Capabilities = Awaited<ReturnType<IpamDriver["capabilities"]>>;
type AddressSpaces = Awaited<ReturnType<IpamDriver["defaultAddressSpaces"]>>;

/** Addresses by a plugin. https://github.com/moby/moby/blob/v28.5.2/libnetwork/docs/ipam.md */
export class PluginIpamDriver implements IpamDriver {
  readonly name: string;
  readonly #options: PluginIpamDriverOptions;
  readonly #capabilities = new AskedOnce<Capabilities>("IpamDriver.GetCapabilities", (call) =>
    this.#askCapabilities(call),
  );

  constructor(options: PluginIpamDriverOptions) {
    this.name = options.endpoint.name;
    this.#options = options;
  }

  /** Asked once per connection; a plugin that cannot say requires nothing. */
  capabilities(call: DriverCall = {}): Promise<Capabilities> {
    return this.#capabilities.get(call);
  }

  async defaultAddressSpaces(call: DriverCall = {}): Promise<AddressSpaces> {
    const schema = responses["IpamDriver.GetDefaultAddressSpaces"];
    const answer = await this.#call("GetDefaultAddressSpaces", schema, undefined, call);
    return { local: answer.LocalDefaultAddressSpace, global: answer.GlobalDefaultAddressSpace };
  }

  /**
   * A pool that cannot be used is given back. One of the driver's choice must not be what the host already reaches otherwise: the driver is asked for
   * others, and keeps what it gave before until one fits, or else it would give the same.
   */
  async requestPool(request: PoolRequest, call: DriverCall = {}): Promise<AddressPool> {
    const overlapping: AddressPool[] = [];
    try {
      for (;;) {
        const pool = await this.#requestAnyPool(request, call);
        const route = request.pool === "" ? await this.#overlappingRoute(pool.pool) : undefined;
        if (route === undefined) return pool;
        const isKnown = overlapping.some(({ poolId }) => poolId === pool.poolId);
        if (!isKnown) overlapping.push(pool);
        if (isKnown || overlapping.length > maxPools) {
          throw new EngineError(
            "internal",
            `pool ${pool.pool} overlaps with ${route}, which the host has a route to`,
          );
        }
      }
    } finally {
      for (const { poolId } of overlapping) await this.#giveBack(poolId);
    }
  }

  async #requestAnyPool(request: PoolRequest, call: DriverCall): Promise<AddressPool> {
    const schema = responses["IpamDriver.RequestPool"];
    const body = {
      AddressSpace: request.addressSpace,
      Pool: request.pool,
      SubPool: request.subPool,
      Options: request.options,
      V6: request.ipv6,
    };
    const { PoolID, Pool, Data } = await this.#call("RequestPool", schema, body, call);
    const fault = faultOfPool(Pool, Data, request.ipv6 ? 6 : 4);
    if (fault === undefined) return { poolId: PoolID, pool: Pool, data: Data };
    if (PoolID !== "") await this.#giveBack(PoolID);
    throw new EngineError("internal", fault);
  }

  async #overlappingRoute(pool: string): Promise<string | undefined> {
    const parsed = parseCidr(pool);
    // A pool of everything is none: the network's driver gives addresses itself.
    if (parsed === undefined || parsed.prefixLength === 0) return undefined;
    return (await this.#options.routes()).find((route) => {
      const other = parseCidr(route);
      return other !== undefined && overlap(parsed, other);
    });
  }

  async releasePool(poolId: string, call: DriverCall = {}): Promise<void> {
    await this.#call("ReleasePool", responses["IpamDriver.ReleasePool"], { PoolID: poolId }, call);
  }

  async requestAddress(request: AddressRequest, call: DriverCall = {}) {
    const schema = responses["IpamDriver.RequestAddress"];
    // As Docker Engine has it where there is nothing to say.
    const Options = Object.keys(request.options).length === 0 ? null : request.options;
    const body = { PoolID: request.poolId, Address: request.address, Options };
    const { Address, Data } = await this.#call("RequestAddress", schema, body, call);
    if (Address === "") throw new EngineError("internal", "no address returned");
    if (!isCidr(Address)) throw new EngineError("internal", `invalid CIDR address: ${Address}`);
    return { address: Address, data: Data };
  }

  async releaseAddress(poolId: string, address: string, call: DriverCall = {}): Promise<void> {
    const body = { PoolID: poolId, Address: addressOnly(address) };
    await this.#call("ReleaseAddress", responses["IpamDriver.ReleaseAddress"], body, call);
  }

  async #askCapabilities(call: DriverCall): Promise<Capabilities> {
    try {
      const schema = responses["IpamDriver.GetCapabilities"];
      const answer = await this.#call("GetCapabilities", schema, undefined, call);
      return {
        requiresMacAddress: answer.RequiresMACAddress,
        requiresRequestReplay: answer.RequiresRequestReplay,
      };
    } catch (error) {
      if (isCanceled(error) || (error instanceof EngineError && error.kind === "unavailable")) throw error;
      this.#options.logger.debug(
        { driver: this.name, err: error },
        "IPAM driver does not tell its capabilities: taken to require nothing",
      );
      return { requiresMacAddress: false, requiresRequestReplay: false };
    }
  }

  async #giveBack(poolId: string): Promise<void> {
    try {
      await this.releasePool(poolId);
    } catch (error) {
      this.#options.logger.warn(
        { driver: this.name, reason: messageOf(error) },
        "a pool that cannot be used could not be given back",
      );
    }
  }

  async #call<Answer extends { readonly Error: string }>(
    method: string,
    schema: z.ZodType<Answer>,
    body: object | undefined,
    call: DriverCall,
  ): Promise<Answer> {
    const { connection } = this.#options.endpoint;
    const answer = await callDriver(connection, `IpamDriver.${method}`, schema, body, {
      timeoutMs: callTimeoutMs,
      ...call,
    });
    if (answer.Error !== "") throw new PluginRefusal(`remote: ${answer.Error}`);
    return answer;
  }
}

function faultOfPool(
  pool: string,
  data: Readonly<Record<string, string>>,
  family: 4 | 6,
): string | undefined {
  if (!isCidr(pool, family)) return `invalid CIDR address: ${pool}`;
  const gateway = data[ipamKeys.gateway];
  if (gateway === undefined || isCidr(gateway, family)) return undefined;
  return `failed to parse gateway address (${gateway}) returned by ipam driver: invalid CIDR address: ${gateway}`;
}

import { networkDriverResponses } from "@davit/protocol";
import type * as z from "zod";
import {
  EngineError,
  type ErrorKind,
  messageOf,
  PluginRefusal,
  UnsettledStep,
  wrapError,
} from "../../core/errors.ts";
import type { DriverCall } from "../../core/ports/driver-call.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  DriverEndpoint,
  DriverJoin,
  DriverNetwork,
  EndpointAddresses,
  EndpointIds,
  JoinInfo,
  NetworkDriver,
  NetworkPool,
} from "../../core/ports/network-driver.ts";
import type { PluginEndpoint } from "../endpoints/plugin-endpoint.ts";
import { AskedOnce } from "./asked-once.ts";
import { callDriver, mayHaveBegun } from "./call-driver.ts";
import { readChosenAddresses, readJoinInfo, readScope } from "./network-answers.ts";

const responses = networkDriverResponses;

/** Docker Engine waits for ever; nothing that a driver sets up for one container takes this long. */
const callTimeoutMs = 120_000;
const undoTimeoutMs = 60_000;

export interface PluginNetworkDriverOptions {
  readonly endpoint: PluginEndpoint;
  readonly logger: Logger;
}

interface Capabilities {
  readonly scope: "local" | "global";
  readonly connectivityScope: "local" | "global";
}

/**
 * Networks by a plugin. https://github.com/moby/moby/blob/v28.5.2/libnetwork/docs/remote.md
 *
 * A step that fails leaves nothing at the plugin: where an answer is lost or cannot be used, the plugin is told to undo the step,
 * also when the caller has gone. What a cluster's manager asks (AllocateNetwork, FreeNetwork, GwAllocCheck, DiscoverNew,
 * DiscoverDelete) is never asked: there is no cluster, and gateways are always allocated.
 */
export class PluginNetworkDriver implements NetworkDriver {
  readonly name: string;
  readonly #options: PluginNetworkDriverOptions;
  readonly #capabilities = new AskedOnce<Capabilities>("NetworkDriver.GetCapabilities", (call) =>
    this.#askCapabilities(call),
  );

  constructor(options: PluginNetworkDriverOptions) {
    this.name = options.endpoint.name;
    this.#options = options;
  }

  /** Asked once per connection. */
  capabilities(call: DriverCall = {}): Promise<Capabilities> {
    return this.#capabilities.get(call);
  }

  async createNetwork(network: DriverNetwork, call: DriverCall = {}): Promise<void> {
    const { networkId } = network;
    const body = {
      NetworkID: networkId,
      Options: network.options,
      IPv4Data: network.ipv4.map(wirePool),
      IPv6Data: network.ipv6.map(wirePool),
    };
    const undo = { method: "DeleteNetwork", body: { NetworkID: networkId } } as const;
    await this.#step("CreateNetwork", responses["NetworkDriver.CreateNetwork"], body, call, undo);
  }

  async deleteNetwork(networkId: string, call: DriverCall = {}): Promise<void> {
    const body = { NetworkID: networkId };
    await this.#call("DeleteNetwork", responses["NetworkDriver.DeleteNetwork"], body, call);
  }

  async createEndpoint(endpoint: DriverEndpoint, call: DriverCall = {}): Promise<EndpointAddresses> {
    const { addresses } = endpoint;
    const ids = wireIds(endpoint);
    const body = {
      ...ids,
      Interface: {
        Address: addresses.address ?? "",
        AddressIPv6: addresses.addressIPv6 ?? "",
        MacAddress: addresses.macAddress ?? "",
      },
      Options: endpoint.options,
    };
    const undo = { method: "DeleteEndpoint", body: ids } as const;
    const schema = responses["NetworkDriver.CreateEndpoint"];
    const answer = await this.#step("CreateEndpoint", schema, body, call, undo);
    return await this.#orRollBack(undo.method, ids, () => readChosenAddresses(addresses, answer.Interface));
  }

  async deleteEndpoint(ids: EndpointIds, call: DriverCall = {}): Promise<void> {
    await this.#call("DeleteEndpoint", responses["NetworkDriver.DeleteEndpoint"], wireIds(ids), call);
  }

  async endpointInfo(ids: EndpointIds, call: DriverCall = {}): Promise<Readonly<Record<string, unknown>>> {
    const schema = responses["NetworkDriver.EndpointOperInfo"];
    return (await this.#call("EndpointOperInfo", schema, wireIds(ids), call)).Value;
  }

  async join(join: DriverJoin, call: DriverCall = {}): Promise<JoinInfo> {
    const ids = wireIds(join);
    const body = { ...ids, SandboxKey: join.sandboxKey, Options: join.options };
    const undo = { method: "Leave", body: ids } as const;
    const answer = await this.#step("Join", responses["NetworkDriver.Join"], body, call, undo);
    return await this.#orRollBack(undo.method, ids, () => readJoinInfo(answer));
  }

  async leave(ids: EndpointIds, call: DriverCall = {}): Promise<void> {
    await this.#call("Leave", responses["NetworkDriver.Leave"], wireIds(ids), call);
  }

  async programExternalConnectivity(
    ids: EndpointIds,
    options: Readonly<Record<string, unknown>>,
    call: DriverCall = {},
  ): Promise<void> {
    const schema = responses["NetworkDriver.ProgramExternalConnectivity"];
    const body = { ...wireIds(ids), Options: options };
    const undo = { method: "RevokeExternalConnectivity", body: wireIds(ids) } as const;
    await ifThere(this.#step("ProgramExternalConnectivity", schema, body, call, undo));
  }

  async revokeExternalConnectivity(ids: EndpointIds, call: DriverCall = {}): Promise<void> {
    const schema = responses["NetworkDriver.RevokeExternalConnectivity"];
    await ifThere(this.#call("RevokeExternalConnectivity", schema, wireIds(ids), call));
  }

  async #askCapabilities(call: DriverCall): Promise<Capabilities> {
    const schema = responses["NetworkDriver.GetCapabilities"];
    const { Scope, ConnectivityScope } = await this.#call("GetCapabilities", schema, undefined, call);
    try {
      const scope = readScope(Scope);
      return { scope, connectivityScope: ConnectivityScope === "" ? scope : readScope(ConnectivityScope) };
    } catch (error) {
      throw wrapError(`could not resolve driver ${this.name} in registry`, error);
    }
  }

  /** A step of which nothing stays if it fails. */
  async #step<Answer extends { readonly Err: string }>(
    method: string,
    schema: z.ZodType<Answer>,
    body: object,
    call: DriverCall,
    undo: { readonly method: UndoMethod; readonly body: object },
  ): Promise<Answer> {
    try {
      return await this.#call(method, schema, body, call);
    } catch (error) {
      if (mayHaveBegun(error)) await this.#undoUnknown(error, undo.method, undo.body);
      throw error;
    }
  }

  /** The call's failure is what is told; that of its undoing is on record. */
  async #undoUnknown(error: unknown, method: UndoMethod, body: object): Promise<void> {
    try {
      await this.#undo(method, body);
    } catch (failure) {
      this.#options.logger.warn(
        { driver: this.name, method, reason: messageOf(error), err: failure },
        "a step whose outcome is unknown could not be undone",
      );
      if (!(failure instanceof PluginRefusal))
        throw new UnsettledStep(kindOf(error), messageOf(error), { cause: error });
    }
  }

  /** What was done is undone if its answer cannot be used. */
  async #orRollBack<Value>(method: UndoMethod, body: object, read: () => Value): Promise<Value> {
    try {
      return read();
    } catch (error) {
      const failure = await this.#undo(method, body).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const told = failure === undefined ? "rolled back" : `failed to roll back: ${messageOf(failure)}`;
      const isSettled = failure === undefined || failure instanceof PluginRefusal;
      const Failure = isSettled ? EngineError : UnsettledStep;
      throw new Failure("internal", `${messageOf(error)}; ${told}`, { cause: error });
    }
  }

  async #undo(method: UndoMethod, body: object): Promise<void> {
    await ifThere(this.#call(method, responses[`NetworkDriver.${method}`], body, {}, undoTimeoutMs));
  }

  async #call<Answer extends { readonly Err: string }>(
    method: string,
    schema: z.ZodType<Answer>,
    body: object | undefined,
    call: DriverCall,
    timeoutMs = callTimeoutMs,
  ): Promise<Answer> {
    const { connection } = this.#options.endpoint;
    const answer = await callDriver(connection, `NetworkDriver.${method}`, schema, body, {
      timeoutMs,
      ...call,
    });
    if (answer.Err !== "") throw new PluginRefusal(`remote: ${answer.Err}`);
    return answer;
  }
}

type UndoMethod = "DeleteNetwork" | "DeleteEndpoint" | "Leave" | "RevokeExternalConnectivity";

const wireIds = ({ networkId, endpointId }: EndpointIds) => ({
  NetworkID: networkId,
  EndpointID: endpointId,
});

const kindOf = (error: unknown): ErrorKind => (error instanceof EngineError ? error.kind : "internal");

/** What is not set is left out. */
const wirePool = ({ addressSpace, pool, gateway, auxAddresses = {} }: NetworkPool) => ({
  AddressSpace: addressSpace,
  ...(Object.keys(auxAddresses).length > 0 && { AuxAddresses: auxAddresses }),
  ...(gateway !== undefined && { Gateway: gateway }),
  ...(pool !== "" && { Pool: pool }),
});

/** For methods that a driver need not have. */
async function ifThere(calling: Promise<unknown>): Promise<void> {
  try {
    await calling;
  } catch (error) {
    if (!(error instanceof PluginRefusal && error.status === 404)) throw error;
  }
}

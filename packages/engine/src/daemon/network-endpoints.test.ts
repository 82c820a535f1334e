import { beforeEach, describe, expect, test } from "vitest";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { EngineError, PluginRefusal } from "../core/errors.ts";
import { plainNetwork } from "../core/network/container-network.ts";
import { DefaultIpam } from "../core/network/default-ipam.ts";
import type { NetworkRecord } from "../core/network/record.ts";
import type { IpamDriver } from "../core/ports/ipam-driver.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { NetworkDriver } from "../core/ports/network-driver.ts";
import type { Sandboxes } from "../core/ports/sandboxes.ts";
import { EndpointKeeper } from "../services/networks/endpoint-keeper.ts";
import { NetworkAddresses } from "../services/networks/network-addresses.ts";

// A driver behind the port, and sandboxes, that write down what they are asked, and fail where they are told.

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

let log: string[];
let failing: Map<string, Error>;
let state: SqliteState;
let ipam: DefaultIpam;
let keeper: EndpointKeeper;

const step = (name: string): Promise<void> => {
  log.push(name);
  const failure = failing.get(name);
  return failure === undefined ? Promise.resolve() : Promise.reject(failure);
};

const driver: NetworkDriver = {
  name: "acme/net:latest",
  capabilities: () => Promise.resolve({ scope: "local", connectivityScope: "local" }),
  createNetwork: () => step("createNetwork"),
  deleteNetwork: () => step("deleteNetwork"),
  createEndpoint: async ({ addresses }) => {
    await step("createEndpoint");
    return addresses.macAddress === undefined ? { macAddress: "02:42:00:00:00:01" } : {};
  },
  deleteEndpoint: () => step("deleteEndpoint"),
  endpointInfo: () => Promise.resolve({}),
  join: async () => {
    await step("join");
    return {
      interface: { kind: "move", source: "src0", prefix: "eth" },
      gateway: "10.1.0.1",
      staticRoutes: [{ destination: "10.9.0.0/16" }],
      disableGatewayService: false,
    };
  },
  leave: () => step("leave"),
  programExternalConnectivity: () => step("program"),
  revokeExternalConnectivity: () => step("revoke"),
};

const sandboxes: Sandboxes = {
  create: () => Promise.resolve("/key"),
  adopt: () => Promise.resolve("/key"),
  remove: () => Promise.resolve(),
  list: () => Promise.resolve([]),
  addInterface: () => step("addInterface"),
  returnInterface: () => step("returnInterface"),
  addAddresses: () => step("addAddresses"),
  addRoutes: () => step("addRoutes"),
  setGateways: () => step("setGateways"),
};

const network: NetworkRecord = {
  id: "n".repeat(64),
  name: "mine",
  createdAt: "",
  driver: driver.name,
  scope: "local",
  enableIPv4: true,
  enableIPv6: false,
  internal: false,
  attachable: false,
  ipam: { driver: "default", options: {}, config: [] },
  options: {},
  labels: {},
  pools: [
    {
      poolId: "LocalDefault/10.1.0.0/30",
      ipv6: false,
      addressSpace: "LocalDefault",
      pool: "10.1.0.0/30",
      subPool: "",
      gateway: "10.1.0.1/30",
      auxAddresses: {},
      leases: ["10.1.0.1"],
    },
  ],
  pending: undefined,
};

const joining = {
  ownerId: "c1",
  ownerName: "one",
  sandboxKey: "/key",
  wanted: plainNetwork("mine", network.id),
  exposed: [],
  published: [],
};

beforeEach(() => {
  log = [];
  failing = new Map();
  state = new SqliteState(":memory:");
  state.networks.put(network);
  ipam = new DefaultIpam({
    pools: [],
    routes: () => Promise.resolve([]),
    uniqueLocalPrefix: () => {
      throw new Error("not used");
    },
  });
  ipam.takePool("10.1.0.0/30", "");
  ipam.takeAddress("LocalDefault/10.1.0.0/30", "10.1.0.1");
  const lookup = <Driver>(found: Driver) => ({
    get: () => Promise.resolve(found),
    waitFor: () => Promise.resolve(found),
  });
  keeper = makeKeeper(lookup(driver), lookup<IpamDriver>(ipam));
});

const makeKeeper = (
  drivers: ConstructorParameters<typeof EndpointKeeper>[0]["drivers"],
  ipamDrivers: ConstructorParameters<typeof NetworkAddresses>[0],
) =>
  new EndpointKeeper({
    state,
    drivers,
    addresses: new NetworkAddresses(ipamDrivers, silent),
    sandboxes,
    logger: silent,
  });

/** The one address that the pool has to give. */
const expectFreeAddress = async (): Promise<void> => {
  const { address } = await ipam.requestAddress({
    poolId: "LocalDefault/10.1.0.0/30",
    address: "",
    options: {},
  });
  expect(address).toBe("10.1.0.2/30");
};

test("an endpoint is made and taken down in order, each step once", async () => {
  const endpoint = await keeper.add(network.id, joining);
  expect(endpoint).toMatchObject({
    addresses: { address: "10.1.0.2/30", macAddress: "02:42:00:00:00:01" },
    interfaceName: "eth0",
    movedFrom: "src0",
    gateway: "10.1.0.1",
  });
  await keeper.programExternal(endpoint, {});
  await keeper.removeAll("c1");
  await keeper.removeAll("c1");
  expect(log).toEqual([
    "createEndpoint",
    "join",
    "addInterface",
    "addRoutes",
    "program",
    "revoke",
    "returnInterface",
    "leave",
    "deleteEndpoint",
  ]);
  expect(state.endpoints.list()).toEqual([]);
  await expectFreeAddress();
});

test("an endpoint that is taken down twice at once gives its address back once, and nobody else's", async () => {
  const endpoint = await keeper.add(network.id, joining);
  log = [];
  const next = keeper.remove(endpoint).then(() => keeper.add(network.id, { ...joining, ownerId: "c2" }));
  await Promise.all([keeper.remove(endpoint), keeper.remove(endpoint), next]);
  expect(log.filter((name) => name === "leave")).toEqual(["leave"]);
  const poolId = "LocalDefault/10.1.0.0/30";
  await expect(ipam.requestAddress({ poolId, address: "", options: {} })).rejects.toThrow("no available");
});

test("an endpoint is held from before its driver is asked until it is to be taken down", async () => {
  const joined = keeper.add(network.id, joining);
  const [begun] = state.endpoints.list();
  expect(begun === undefined ? false : keeper.isHeld(begun)).toBe(true);
  const endpoint = await joined;
  expect(keeper.isHeld(endpoint)).toBe(true);
  failing.set("leave", new EngineError("internal", "away"));
  await expect(keeper.remove(endpoint)).rejects.toThrow("away");
  expect(keeper.isHeld(endpoint)).toBe(false);
});

test("an endpoint that is abandoned is nobody's, keeps its address, and is taken down with its driver later", async () => {
  const endpoint = await keeper.add(network.id, joining);
  log = [];
  await keeper.abandon(endpoint);
  expect(log).toEqual(["returnInterface"]);
  expect(state.endpoints.ofContainer("c1")).toEqual([]);
  const poolId = "LocalDefault/10.1.0.0/30";
  await expect(ipam.requestAddress({ poolId, address: "", options: {} })).rejects.toThrow("no available");
  await keeper.remove(endpoint);
  expect(log).toEqual(["returnInterface", "leave", "deleteEndpoint"]);
  await expectFreeAddress();
});

describe("a start that fails undoes what was done, and nothing else", () => {
  test.each([
    ["createEndpoint", ["createEndpoint"]],
    ["join", ["createEndpoint", "join", "deleteEndpoint"]],
    [
      "addInterface",
      ["createEndpoint", "join", "addInterface", "returnInterface", "leave", "deleteEndpoint"],
    ],
    [
      "addRoutes",
      ["createEndpoint", "join", "addInterface", "addRoutes", "returnInterface", "leave", "deleteEndpoint"],
    ],
  ])("at %s", async (at, steps) => {
    failing.set(at, new PluginRefusal("remote: no"));
    await expect(keeper.add(network.id, joining)).rejects.toThrow("remote: no");
    expect(log).toEqual(steps);
    expect(state.endpoints.list()).toEqual([]);
    await expectFreeAddress();
  });

  test("at an address that there is not", async () => {
    await keeper.add(network.id, joining);
    log = [];
    await expect(keeper.add(network.id, { ...joining, ownerId: "c2" })).rejects.toThrow(
      "no available IPv4 addresses on this network's address pools: mine",
    );
    expect(log).toEqual([]);
    expect(state.endpoints.list()).toHaveLength(1);
  });

  test("at external connectivity, which is not revoked then", async () => {
    const endpoint = await keeper.add(network.id, joining);
    failing.set("program", new PluginRefusal("remote: no"));
    await expect(keeper.programExternal(endpoint, {})).rejects.toThrow("remote: no");
    await keeper.removeAll("c1");
    expect(log).not.toContain("revoke");
  });
});

describe("taking down", () => {
  test("goes on past what the driver refuses to undo", async () => {
    await keeper.add(network.id, joining);
    failing.set("leave", new PluginRefusal("remote: never heard of it"));
    await keeper.removeAll("c1");
    expect(log.slice(-2)).toEqual(["leave", "deleteEndpoint"]);
    expect(state.endpoints.list()).toEqual([]);
  });

  test.each(["returnInterface", "leave", "deleteEndpoint"])(
    "stops where %s cannot be asked, and goes on from there later",
    async (at) => {
      await keeper.add(network.id, joining);
      log = [];
      failing.set(at, new EngineError("unavailable", "away"));
      await expect(keeper.removeAll("c1")).rejects.toThrow("away");
      expect(state.endpoints.list()).toHaveLength(1);
      failing.clear();
      await keeper.removeAll("c1");
      const steps = ["returnInterface", "leave", "deleteEndpoint"];
      // The one that failed is asked twice, the others once.
      expect(log).toEqual([...steps.slice(0, steps.indexOf(at) + 1), ...steps.slice(steps.indexOf(at))]);
      expect(state.endpoints.list()).toEqual([]);
      await expectFreeAddress();
    },
  );

  test("is what an engine does with an endpoint that another had asked for and not seen made", async () => {
    const endpoint = await keeper.add(network.id, joining);
    // As it stands when the engine is killed in the middle of the join.
    state.endpoints.put({ ...endpoint, movedFrom: "", interfaceName: "eth0", gateway: "" });
    log = [];
    await keeper.removeAll("c1");
    expect(log).toEqual(["leave", "deleteEndpoint"]);
  });
});

test("a network that is being removed takes nobody in", async () => {
  state.networks.put({ ...network, pending: "remove" });
  await expect(keeper.add(network.id, joining)).rejects.toThrow("network mine not found");
  expect(state.endpoints.list()).toEqual([]);
});

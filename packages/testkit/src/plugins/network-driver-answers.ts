import { networkDriverRequests as requests } from "@davit/protocol";
import type { OwnNetwork } from "../own-network.ts";
import type { PluginAnswer } from "./plugin-server.ts";

const bridgeOf = (networkId: string): string => `tb${networkId.slice(0, 8)}`;
/** The host's end of the pair, and the container's before it moves. */
const pairOf = (endpointId: string): readonly [string, string] => [
  `th${endpointId.slice(0, 8)}`,
  `tc${endpointId.slice(0, 8)}`,
];

/**
 * The answers of a network driver that really connects, in a network namespace: a bridge with the gateway's address for each network, a pair of interfaces for
 * each endpoint. It forgets nothing when its server stops.
 */
export function networkDriverAnswers(network: OwnNetwork): Readonly<Record<string, PluginAnswer>> {
  const gateways = new Map<string, string>();
  const ip = (...args: readonly string[]) => network.run("ip", ...args);
  const answers: Readonly<Record<string, PluginAnswer>> = {
    "NetworkDriver.GetCapabilities": () => ({ Scope: "local", ConnectivityScope: "local" }),
    "NetworkDriver.CreateNetwork": async (body) => {
      const { NetworkID, IPv4Data, IPv6Data } = requests["NetworkDriver.CreateNetwork"].parse(body);
      const bridge = bridgeOf(NetworkID);
      await ip("link", "add", bridge, "type", "bridge");
      for (const { Gateway } of [...IPv4Data, ...IPv6Data]) {
        if (Gateway !== "") await ip("address", "add", Gateway, "dev", bridge);
      }
      await ip("link", "set", bridge, "up");
      gateways.set(NetworkID, IPv4Data[0]?.Gateway.replace(/\/.*/, "") ?? "");
      return {};
    },
    "NetworkDriver.DeleteNetwork": async (body) => {
      await ip("link", "delete", bridgeOf(requests["NetworkDriver.DeleteNetwork"].parse(body).NetworkID));
      return {};
    },
    "NetworkDriver.CreateEndpoint": async (body) => {
      const { NetworkID, EndpointID, Interface } = requests["NetworkDriver.CreateEndpoint"].parse(body);
      const [host, container] = pairOf(EndpointID);
      await ip("link", "add", host, "type", "veth", "peer", "name", container);
      const mac = Interface?.MacAddress ?? "";
      if (mac !== "") await ip("link", "set", container, "address", mac);
      await ip("link", "set", host, "master", bridgeOf(NetworkID), "up");
      return { Interface: null };
    },
    "NetworkDriver.DeleteEndpoint": async (body) => {
      const [host] = pairOf(requests["NetworkDriver.DeleteEndpoint"].parse(body).EndpointID);
      // It goes with its other end, if that went with its container.
      if ((await network.interfaces()).includes(host)) await ip("link", "delete", host);
      return {};
    },
    "NetworkDriver.EndpointOperInfo": () => ({ Value: {} }),
    "NetworkDriver.Join": (body) => {
      const { NetworkID, EndpointID } = requests["NetworkDriver.Join"].parse(body);
      const [, SrcName] = pairOf(EndpointID);
      return { InterfaceName: { SrcName, DstPrefix: "eth" }, Gateway: gateways.get(NetworkID) ?? "" };
    },
    "NetworkDriver.Leave": () => ({}),
    "NetworkDriver.ProgramExternalConnectivity": () => ({}),
    "NetworkDriver.RevokeExternalConnectivity": () => ({}),
  };
  return Object.fromEntries(
    Object.entries(answers).map(([method, answer]) => [method, orError(answer)] as const),
  );
}

const orError =
  (answer: PluginAnswer): PluginAnswer =>
  async (body, call) => {
    try {
      return await answer(body, call);
    } catch (error) {
      return { Err: error instanceof Error ? error.message : String(error) };
    }
  };

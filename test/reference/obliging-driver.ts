import {
  ipamDriverAnswers,
  networkDriverAnswers,
  type PluginAnswer,
  pluginError,
  type TestEngine,
} from "@davit/testkit";

/** What a network's `-o answer=` has its driver answer instead. */
const wrongAnswers: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  address: { CreateEndpoint: { Interface: { Address: "10.58.0.99/24" } } },
  mac: { CreateEndpoint: { Interface: { MacAddress: "x" } } },
  cidr: { CreateEndpoint: { Interface: { AddressIPv6: "fd00::1" } } },
  gateway: { Join: { Gateway: "nowhere" } },
  route: { Join: { StaticRoutes: [{ Destination: "10.1.0.0", RouteType: 0, NextHop: "10.58.0.1" }] } },
};

/**
 * The answers of a driver that really connects, and fails as each network's options say: `-o fail=METHOD` by a status, `-o refuse=METHOD` in an
 * answer, `-o answer=KIND` by an answer of no use; `--ipam-opt fail=METHOD` likewise.
 */
export function obligingDriver(engine: TestEngine): Readonly<Record<string, PluginAnswer>> {
  const wishes = new Map<string, Readonly<Record<string, string>>>();
  const own = networkDriverAnswers(engine.network);
  const network = Object.entries(own).map(([name, answer]) => {
    const method = name.replace("NetworkDriver.", "");
    const obliging: PluginAnswer = (body, call) => {
      const id = textOf(body, "NetworkID");
      if (method === "CreateNetwork") wishes.set(id, optionsOf(body, "com.docker.network.generic"));
      const { fail, refuse, answer: kind = "" } = wishes.get(id) ?? {};
      if (fail === method) return pluginError(`will not ${method}`);
      if (refuse === method) return { Err: `will not ${method}` };
      return wrongAnswers[kind]?.[method] ?? answer(body, call);
    };
    return [name, obliging] as const;
  });
  let failing = "";
  const ipam = Object.entries(ipamDriverAnswers()).map(([name, answer]) => {
    const method = name.replace("IpamDriver.", "");
    const obliging: PluginAnswer = (body, call) => {
      if (method === "RequestPool") failing = optionsOf(body)["fail"] ?? "";
      if (failing === method) return { Error: `will not ${method}` };
      if (failing === "empty" && method === "RequestAddress") return {};
      return answer(body, call);
    };
    return [name, obliging] as const;
  });
  return Object.fromEntries([...network, ...ipam]);
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

const textOf = (body: unknown, name: string): string => {
  const text = memberOf(body, name);
  return typeof text === "string" ? text : "";
};

function optionsOf(body: unknown, key?: string): Readonly<Record<string, string>> {
  const options = memberOf(body, "Options");
  const found = key === undefined ? options : memberOf(options, key);
  if (typeof found !== "object" || found === null) return {};
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)]));
}

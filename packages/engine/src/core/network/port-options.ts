import type { WantedPort } from "../container/published-ports.ts";
import type { PublishedPort } from "../ports/network.ts";

// How ports are told to drivers, as Docker Engine does: https://github.com/moby/moby/blob/v28.5.2/libnetwork/types/types.go

const numbers = { tcp: 6, udp: 17, sctp: 132 } as const;
type Protocol = keyof typeof numbers;

const portMapKey = "com.docker.network.portmap";
const exposedKey = "com.docker.network.endpoint.exposedports";

/** A port that is published, its place on the host chosen or left to the driver. */
export type DriverPort = PublishedPort | WantedPort;

/** Options that tell a driver what is exposed and what is published, that first, in Docker Engine's order. */
export function portOptions(
  exposed: readonly ContainerPort[],
  published: readonly DriverPort[],
): Readonly<Record<string, unknown>> {
  const sorted = published
    .map((port) => ({ ...port, ...hostPorts(port) }))
    .toSorted((one, other) => other.first - one.first || byPort(one, other));
  const all = new Map(
    [...sorted, ...exposed.toSorted(byPort)].map(({ containerPort, protocol }) => [
      `${containerPort}/${protocol}`,
      { Proto: numbers[protocol], Port: containerPort },
    ]),
  );
  return {
    [exposedKey]: [...all.values()],
    [portMapKey]: sorted.map(({ protocol, containerPort, hostAddress = "", first, last }) => ({
      Proto: numbers[protocol],
      IP: "",
      Port: containerPort,
      HostIP: hostAddress,
      HostPort: first,
      HostPortEnd: last,
    })),
  };
}

type ContainerPort = Pick<PublishedPort, "containerPort" | "protocol">;

/** The larger first, and of two protocols TCP. */
const byPort = (one: ContainerPort, other: ContainerPort): number =>
  other.containerPort - one.containerPort || numbers[one.protocol] - numbers[other.protocol];

function hostPorts(port: DriverPort): { readonly first: number; readonly last: number } {
  if ("hostPort" in port) return { first: port.hostPort, last: port.hostPort };
  return port.hostPorts ?? { first: 0, last: 0 };
}

/** What such options, or a driver's own answer in the same form, say is published. */
export function publishedPortsOf(options: Readonly<Record<string, unknown>>): readonly PublishedPort[] {
  const map = options[portMapKey];
  return Array.isArray(map) ? map.flatMap((entry) => publishedPort(entry) ?? []) : [];
}

function publishedPort(entry: unknown): PublishedPort | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(entry));
  const protocol = protocolOf(fields.get("Proto"));
  const [containerPort, hostPort, hostAddress] = ["Port", "HostPort", "HostIP"].map((key) => fields.get(key));
  if (protocol === undefined || typeof containerPort !== "number" || typeof hostPort !== "number") {
    return undefined;
  }
  const isAnywhere = typeof hostAddress !== "string" || hostAddress === "" || hostAddress === "0.0.0.0";
  return { protocol, containerPort, hostPort, ...(isAnywhere ? {} : { hostAddress }) };
}

function protocolOf(number: unknown): Protocol | undefined {
  if (number === numbers.tcp) return "tcp";
  if (number === numbers.udp) return "udp";
  return number === numbers.sctp ? "sctp" : undefined;
}

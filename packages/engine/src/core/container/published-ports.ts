import type { HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { parseAddress } from "../network/cidr.ts";
import type { PublishedPort } from "../ports/network.ts";

/** A port to be published, before one of the host is chosen for it. */
export interface WantedPort extends Omit<PublishedPort, "hostPort"> {
  /** Any of these will do; absent: any at all. */
  readonly hostPorts?: { readonly first: number; readonly last: number };
}

const invalid = (text: string): EngineError =>
  new EngineError("invalid", `invalid port specification: "${text}"`);

const invalidAddress = (text: string): EngineError =>
  new EngineError("invalid", `invalid IP address in port binding: ${JSON.stringify(text)}`);

/** `HostConfig.PortBindings`, and with `PublishAllPorts` every exposed port that is not bound there. */
export function wantedPorts(
  { PortBindings, PublishAllPorts }: Pick<HostConfig, "PortBindings" | "PublishAllPorts">,
  exposed: readonly string[],
): readonly WantedPort[] {
  const bound = Object.entries(PortBindings).flatMap(([key, bindings]) => {
    const port = exposedPort(key);
    // Nothing said at all means any port.
    const places = bindings.length === 0 ? [{ HostIp: "", HostPort: "" }] : bindings;
    for (const { HostIp } of places) {
      if (HostIp !== "" && parseAddress(HostIp) === undefined) throw invalidAddress(HostIp);
    }
    return places.map(({ HostIp, HostPort }) => ({
      ...port,
      ...hostPorts(HostPort),
      ...(HostIp === "" || HostIp === "0.0.0.0" ? {} : { hostAddress: HostIp }),
    }));
  });
  if (!PublishAllPorts) return bound;
  const open = exposed
    .map(exposedPort)
    .filter(
      (port) =>
        !bound.some(
          (other) => other.containerPort === port.containerPort && other.protocol === port.protocol,
        ),
    );
  return [...bound, ...open];
}

/** `80`, `80/udp`. */
export function exposedPort(key: string): Pick<PublishedPort, "containerPort" | "protocol"> {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(key);
  if (match === null) throw invalid(key);
  const protocol = match[2] === "udp" || match[2] === "sctp" ? match[2] : "tcp";
  return { containerPort: portNumber(match[1] ?? ""), protocol };
}

function hostPorts(text: string): Pick<WantedPort, "hostPorts"> {
  if (text === "" || text === "0") return {};
  const [from = "", to = from] = text.split("-", 2);
  const range = { first: portNumber(from), last: portNumber(to) };
  if (range.last < range.first) throw invalid(text);
  return { hostPorts: range };
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid(text);
  return port;
}

/** Whether two ports of the host cannot be published side by side. */
export const portsCollide = (a: PublishedPort, b: PublishedPort): boolean =>
  a.hostPort === b.hostPort &&
  a.protocol === b.protocol &&
  (a.hostAddress === undefined || b.hostAddress === undefined || a.hostAddress === b.hostAddress);

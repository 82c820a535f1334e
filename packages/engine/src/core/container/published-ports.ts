import type { HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { PublishedPort } from "../ports/network.ts";

const invalid = (text: string): EngineError =>
  new EngineError("invalid", `invalid port specification: "${text}"`);

/** `HostConfig.PortBindings`; the host's port has to be named. */
export function publishedPorts({ PortBindings }: Pick<HostConfig, "PortBindings">): readonly PublishedPort[] {
  return Object.entries(PortBindings).flatMap(([key, bindings]) => {
    const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(key);
    if (match === null) throw invalid(key);
    const containerPort = portNumber(match[1] ?? "");
    const protocol = match[2] === "udp" || match[2] === "sctp" ? match[2] : "tcp";
    return bindings.map(({ HostIp, HostPort }) => {
      if (HostPort === "" || HostPort === "0" || HostPort.includes("-")) {
        throw new EngineError(
          "not-implemented",
          `publish port ${key}: choosing a port of the host is not supported, name one`,
        );
      }
      return {
        hostPort: portNumber(HostPort),
        containerPort,
        protocol,
        ...(HostIp === "" || HostIp === "0.0.0.0" ? {} : { hostAddress: HostIp }),
      };
    });
  });
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid(text);
  return port;
}

import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { EngineError, errnoOf } from "../../core/errors.ts";
import type { HostPortRequest, HostPorts } from "../../core/ports/host-ports.ts";

/** How many ports that are free but taken are passed over. */
const mostTries = 64;

/** Sees whether a port is free by listening on it for a moment. */
export class FreePorts implements HostPorts {
  async choose(request: HostPortRequest, taken: (port: number) => boolean): Promise<number> {
    const { hostPorts, hostAddress = "0.0.0.0", protocol } = request;
    if (hostPorts === undefined) return anyPort(request, taken);
    let reason = "port is already allocated";
    for (let port = hostPorts.first; port <= hostPorts.last; port += 1) {
      if (taken(port)) {
        reason = "port is already allocated";
        continue;
      }
      try {
        return await tryPort(request, port);
      } catch (error) {
        reason = `listen ${protocol} ${hostAddress}:${port}: ${errnoOf(error) ?? "failed"}`;
        if (errnoOf(error) === "EADDRINUSE") {
          reason = `listen ${protocol} ${hostAddress}:${port}: bind: address already in use`;
        }
        if (errnoOf(error) === "EADDRNOTAVAIL") {
          reason = `listen ${protocol} ${hostAddress}:${port}: bind: cannot assign requested address`;
        }
      }
    }
    const ports =
      hostPorts.first === hostPorts.last ? `${hostPorts.first}` : `${hostPorts.first}-${hostPorts.last}`;
    throw new EngineError("conflict", `Bind for ${hostAddress}:${ports} failed: ${reason}`);
  }
}

async function anyPort(request: HostPortRequest, taken: (port: number) => boolean): Promise<number> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = await tryPort(request, 0);
    if (!taken(port)) return port;
  }
  throw new EngineError("conflict", "all ports are allocated");
}

/** Nobody asks the kernel for SCTP here: a port of it is taken as free. */
function tryPort({ protocol, hostAddress }: HostPortRequest, port: number): Promise<number> {
  if (protocol === "udp") return tryUdp(port, hostAddress);
  return protocol === "sctp" && port !== 0 ? Promise.resolve(port) : tryTcp(port, hostAddress);
}

function tryTcp(port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    const ipv6Only = host?.includes(":") === true;
    server.listen({ port, host: host ?? "0.0.0.0", ipv6Only, exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}

function tryUdp(port: number, address: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address?.includes(":") ? { type: "udp6", ipv6Only: true } : { type: "udp4" });
    socket.once("error", reject);
    socket.bind({ port, address: address ?? "0.0.0.0", exclusive: true }, () => {
      const { port: chosen } = socket.address();
      socket.close(() => resolve(chosen));
    });
  });
}

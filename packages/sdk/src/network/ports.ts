import { portOptions } from "@davit/protocol";

/** A port that a container declares, by its image or with `--expose`. */
export interface ExposedPort {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
}

/** A port that the host is to pass on to a container: `-p 127.0.0.1:8080:80`. */
export interface PublishedPort extends ExposedPort {
  /** Empty: every address of the host. */
  readonly hostIp: string;
  /** 0: the driver chooses. */
  readonly hostPort: number;
  /** The last one of a range that the driver chooses from. */
  readonly hostPortEnd: number;
}

const protocols: Readonly<Record<number, ExposedPort["protocol"]>> = { 6: "tcp", 17: "udp", 132: "sctp" };

/** The declared ports among an endpoint's options. */
export function exposedPorts(options: Readonly<Record<string, unknown>>): readonly ExposedPort[] {
  const listed = portOptions.exposed.schema.parse(options[portOptions.exposed.key]);
  return listed.map(({ Proto, Port }) => ({ protocol: protocolOf(Proto), port: Port }));
}

/** The published ports among an endpoint's options. */
export function publishedPorts(options: Readonly<Record<string, unknown>>): readonly PublishedPort[] {
  const listed = portOptions.published.schema.parse(options[portOptions.published.key]);
  return listed.map((each) => ({
    protocol: protocolOf(each.Proto),
    port: each.Port,
    hostIp: each.HostIP,
    hostPort: each.HostPort,
    hostPortEnd: each.HostPortEnd,
  }));
}

function protocolOf(proto: number): ExposedPort["protocol"] {
  const protocol = protocols[proto];
  if (protocol === undefined) throw new Error(`unknown protocol ${String(proto)}`);
  return protocol;
}

/** What `-p` and `--expose` say of one port of a container. */
export interface PublishedPort {
  /** `80/tcp` */
  readonly inside: string;
  readonly HostIp: string;
  /** Empty for any. */
  readonly HostPort: string;
}

const protocols = new Set(["tcp", "udp", "sctp"]);

/** `-p [[IP:][HOST_PORT[-END]]:]PORT[-END][/PROTOCOL]`: one for each port of a range. */
export function parsePublish(text: string): PublishedPort[] {
  const { ports, protocol } = splitProtocol(text);
  const { ip, host, inside } = splitAddress(ports, text);
  const insideRange = parseRange(inside, text);
  if (host === "") return insideRange.map((port) => published(port, protocol, ip, ""));
  const hostRange = parseRange(host, text);
  // One port with a range of the host's: any of them will do.
  if (insideRange.length === 1 && hostRange.length > 1) {
    return insideRange.map((port) => published(port, protocol, ip, host));
  }
  if (insideRange.length !== hostRange.length)
    throw new Error(`invalid ranges specified for container and host Ports: ${inside} and ${host}`);
  return insideRange.map((port, i) => published(port, protocol, ip, String(hostRange[i] ?? "")));
}

/** `--expose PORT[-END][/PROTOCOL]`, as `80/tcp`. */
export function parseExpose(text: string): string[] {
  const { ports, protocol } = splitProtocol(text);
  if (ports.includes(":")) throw new Error(`invalid port format for --expose: ${text}`);
  return parseRange(ports, text).map((port) => `${port}/${protocol}`);
}

const published = (port: number, protocol: string, ip: string, HostPort: string): PublishedPort => ({
  inside: `${port}/${protocol}`,
  HostIp: ip,
  HostPort,
});

function splitProtocol(text: string): { readonly ports: string; readonly protocol: string } {
  const [ports = "", given = "tcp", ...more] = text.split("/");
  const protocol = given.toLowerCase();
  if (more.length > 0 || !protocols.has(protocol)) throw new Error(`invalid proto: ${given}`);
  if (ports === "") throw new Error(`no port specified: ${text}<empty>`);
  return { ports, protocol };
}

/** The address may be IPv6 in brackets. */
function splitAddress(ports: string, text: string) {
  const match = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(?:([^:]*):)?([^:]+)$/.exec(ports);
  if (match === null) throw new Error(`invalid containerPort: ${text}`);
  const [, bracketed, plain, middle, inside = ""] = match;
  // With one colon what comes before it is the host's port, not its address.
  if (middle === undefined && bracketed === undefined) return { ip: "", host: plain ?? "", inside };
  const ip = bracketed ?? plain ?? "";
  if (ip !== "" && !/^[\d.]+$|:/.test(ip)) throw new Error(`invalid IP address: ${ip}`);
  return { ip, host: middle ?? "", inside };
}

function parseRange(range: string, text: string): number[] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(range);
  const start = Number(match?.[1] ?? Number.NaN);
  const end = Number(match?.[2] ?? start);
  if (!(start >= 0 && end >= start && end <= 65_535)) throw new Error(`invalid containerPort: ${text}`);
  return Array.from({ length: end - start + 1 }, (_, i) => start + i);
}

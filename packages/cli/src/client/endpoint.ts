import { Failure } from "../failure.ts";

/** Where the daemon listens. */
export interface Endpoint {
  /** As the user wrote it, for messages. */
  readonly url: string;
  readonly connection: { readonly socketPath: string } | { readonly host: string; readonly port: number };
}

const defaultHost = "unix:///run/davit/davit.sock";

/** Reads `unix:///path`, `tcp://host[:port]` or `http://host[:port]`. */
export function parseEndpoint(text: string): Endpoint {
  const separator = text.indexOf("://");
  const scheme = separator === -1 ? "tcp" : text.slice(0, separator);
  const rest = separator === -1 ? text : text.slice(separator + 3);
  if (rest === "") throw new Failure(`unable to parse docker host \`${text}\``);
  if (scheme === "unix") return { url: text, connection: { socketPath: rest } };
  if (scheme !== "tcp" && scheme !== "http") {
    throw new Failure(`unable to parse docker host \`${text}\`: unsupported protocol ${scheme}`);
  }
  const address = URL.parse(`http://${rest}`);
  if (address === null) throw new Failure(`unable to parse docker host \`${text}\``);
  const host = address.hostname.replace(/^\[(.*)\]$/, "$1");
  const defaultPort = scheme === "http" ? 80 : 2375;
  return {
    url: separator === -1 ? `tcp://${text}` : text,
    connection: { host, port: address.port === "" ? defaultPort : Number(address.port) },
  };
}

/** The option wins over `DAVIT_HOST`, that over `DOCKER_HOST`, that over the default socket. */
export function chooseHost(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return option || env["DAVIT_HOST"] || env["DOCKER_HOST"] || defaultHost;
}

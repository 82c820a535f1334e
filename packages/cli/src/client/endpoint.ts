import { Failure } from "../failure.ts";

/** PEM texts, and whether the daemon must prove who it is. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: boolean;
}

/** Where the daemon listens. */
export interface Endpoint {
  /** As the user wrote it, for messages. */
  readonly url: string;
  readonly connection: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  /** Only for TCP. */
  readonly tls?: TlsMaterial;
}

export const defaultHost = "unix:///run/davit/davit.sock";

/** Reads `unix:///path`, `tcp://host[:port]`, `http://host[:port]` or `https://host[:port]`. */
export function parseEndpoint(text: string, tls?: TlsMaterial): Endpoint {
  const separator = text.indexOf("://");
  const scheme = separator === -1 ? "tcp" : text.slice(0, separator);
  const rest = separator === -1 ? text : text.slice(separator + 3);
  if (rest === "") throw new Failure(`unable to parse docker host \`${text}\``);
  if (scheme === "unix") return { url: text, connection: { socketPath: rest } };
  if (scheme !== "tcp" && scheme !== "http" && scheme !== "https") {
    throw new Failure(`unable to parse docker host \`${text}\`: unsupported protocol ${scheme}`);
  }
  const material =
    scheme === "http" ? undefined : (tls ?? (scheme === "https" ? { verify: true } : undefined));
  // Read as another scheme, because a scheme's own port vanishes from the address.
  const address = URL.parse(`ws://${rest}`);
  if (address === null) throw new Failure(`unable to parse docker host \`${text}\``);
  const named = /:(\d+)(?:\/|$)/.exec(rest)?.[1];
  const port = named === undefined ? defaultPort(scheme, material !== undefined) : Number(named);
  return {
    url: separator === -1 ? `tcp://${text}` : text,
    connection: { host: address.hostname.replace(/^\[(.*)\]$/, "$1"), port },
    ...(material === undefined ? {} : { tls: material }),
  };
}

function defaultPort(scheme: "tcp" | "http" | "https", secure: boolean): number {
  if (scheme === "http") return 80;
  if (scheme === "https") return 443;
  return secure ? 2376 : 2375;
}

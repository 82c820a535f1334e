import { BlockList, isIP } from "node:net";
import { hostnameOf, isLoopback } from "./insecure-hosts.ts";

/** Proxies by what is asked for through them, and what is asked for without; empty for none. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  readonly none: string;
}

/**
 * The proxy that a URL is asked for through, as Go's programs choose it: what is on this machine is asked directly, and one for `http`
 * does not serve `https`. https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export function proxyFor(url: URL, { http, https, none }: Proxies): string | undefined {
  const proxy = url.protocol === "https:" ? https : http;
  if (proxy === "" || isLoopback(url.host)) return undefined;
  const entries = none.split(",").map((entry) => entry.trim().toLowerCase());
  if (entries.some((entry) => entry !== "" && names(entry, url))) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function names(entry: string, { host, protocol, port }: URL): boolean {
  if (entry === "*") return true;
  const name = hostnameOf(host).toLowerCase();
  const [, network = "", length = ""] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (network !== "") return isIn(name, network, Number(length));
  const [, wantedPort = ""] = isIP(entry) === 0 ? (/:(\d+)$/.exec(entry) ?? []) : [];
  if (wantedPort !== "" && wantedPort !== (port || (protocol === "https:" ? "443" : "80"))) return false;
  const wanted = hostnameOf(entry).replace(/^\*(?=\.)/, "");
  if (isIP(wanted) !== 0) return name === wanted;
  // One that begins with a dot means what is below it, and not itself.
  return wanted.startsWith(".") ? name.endsWith(wanted) : name === wanted || name.endsWith(`.${wanted}`);
}

function isIn(name: string, network: string, length: number): boolean {
  const family = isIP(network);
  if (family === 0 || isIP(name) !== family || length > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, length, type);
  return list.check(name, type);
}

import { EngineError } from "../errors.ts";
import type { PluginAddress } from "../ports/plugin-connection.ts";

/** The kernel's limit, less the final zero. */
const socketPathBytes = 107;

const form = "unix:///PATH, tcp://HOST:PORT, http://HOST:PORT or https://HOST:PORT";

/** Reads the address of a plugin. Of a URL only host and port count: calls always go to `/<Interface>.<Method>`. */
export function parsePluginAddress(text: string): PluginAddress {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case "":
      throw invalid(text, `expected ${form}`);
    case "unix":
      if (!rest.startsWith("/") || rest.length < 2) throw invalid(text, "the socket's path must be absolute");
      if (new TextEncoder().encode(rest).byteLength > socketPathBytes) {
        throw invalid(text, `paths of UNIX sockets have ${socketPathBytes} bytes at most`);
      }
      return { socketPath: rest };
    case "tcp":
    case "http":
      return { origin: originOf("http", rest, text) };
    case "https":
      return { origin: originOf("https", rest, text) };
    default:
      throw invalid(text, `unknown protocol ${scheme}: expected ${form}`);
  }
}

/** Whether an origin is of this host by its name alone, so that nobody in between can answer in its stead. */
export const isLoopback = (origin: string): boolean =>
  /^https?:\/\/(localhost|[^/]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(origin);

function originOf(scheme: "http" | "https", rest: string, text: string): string {
  const [, authority = ""] = /^([^/?#]*)/.exec(rest) ?? [];
  if (authority === "") throw invalid(text, "it has no host");
  if (authority.includes("@")) throw invalid(text, "a user cannot be part of it");
  // The default port would be left out, and a missing one be the scheme's: both are what is wanted.
  const port = /:(\d*)$/.exec(authority)?.[1];
  if (port !== undefined && (port === "" || Number(port) < 1 || Number(port) > 65_535)) {
    throw invalid(text, "it has no valid port");
  }
  if (!/^(\[[0-9a-f:.%]+\]|[a-z0-9._-]+)(:\d+)?$/i.test(authority))
    throw invalid(text, "it has no valid host");
  return `${scheme}://${authority}`;
}

const invalid = (text: string, reason: string): EngineError =>
  new EngineError("invalid", `address ${JSON.stringify(text)}: ${reason}`);

import { parseReference } from "../reference.ts";

/** The key of Docker Hub's credentials, for historical reasons an address. */
export const hubKey = "https://index.docker.io/v1/";

/** The key under which a registry's credentials are kept. */
export function registryKey(server: string): string {
  const host = hostOf(server);
  return host === "docker.io" || host === "index.docker.io" || host === "registry-1.docker.io"
    ? hubKey
    : host;
}

/** The key of the registry that a reference names. */
export const registryKeyOf = (reference: string): string => registryKey(parseReference(reference).domain);

/** `https://host/v1/` and `host` are the same registry. */
export const hostOf = (server: string): string => server.replace(/^https?:\/\//, "").split("/")[0] ?? "";

import type { IncomingHttpHeaders } from "node:http";
import { type RegistryAuth, registryAuthSchema } from "@davit/protocol";

/**
 * Credentials for the registry from `X-Registry-Auth`: JSON in base64, of either alphabet, padded or not. Absent or
 * undecodable means anonymous, as clients rely on.
 */
export function registryAuth(headers: IncomingHttpHeaders): RegistryAuth | undefined {
  const text = headers["x-registry-auth"];
  if (typeof text !== "string" || text === "") return undefined;
  const parsed = registryAuthSchema.safeParse(decodeJson(text));
  if (!parsed.success) return undefined;
  return Object.values(parsed.data).some((value) => value !== "") ? parsed.data : undefined;
}

function decodeJson(base64: string): unknown {
  // Node's decoder takes both alphabets and needs no padding.
  const json = Buffer.from(base64, "base64").toString("utf8");
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The headers that go on to the registry: those that begin with `X-Meta-`. */
export function registryMetaHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const meta: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith("x-meta-") || value === undefined) continue;
    meta[name] = typeof value === "string" ? value : value.join(", ");
  }
  return meta;
}

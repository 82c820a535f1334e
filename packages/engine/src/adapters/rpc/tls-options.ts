import { createSecureContext, getCACertificates } from "node:tls";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { PluginTls } from "../../core/ports/plugin-connection.ts";

/** What Node's TLS is told of how a plugin is met. Invalid if certificate and key cannot be used. */
export function tlsOptions({ verify, ca, exclusive, ...own }: PluginTls) {
  // Those of the host, not those that Node brings along.
  const known = exclusive ? [] : getCACertificates("system");
  try {
    const secureContext = createSecureContext({ ca: [...known, ...(ca === undefined ? [] : [ca])], ...own });
    // A session that is resumed fails at servers on OpenSSL that verify clients and have not prepared for it; Go resumes none.
    return { rejectUnauthorized: verify, secureContext, maxCachedSessions: 0 };
  } catch (error) {
    throw new EngineError("invalid", `TLS: ${messageOf(error)}`, { cause: error });
  }
}

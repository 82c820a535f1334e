import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { EngineError } from "../core/errors.ts";

/** Who a client is by its certificate. */
export interface ClientIdentity {
  /** The last common name of the subject, as Go takes it. */
  readonly commonName: string;
  /** PEM. */
  readonly certificate: string;
}

/**
 * On a listener that verifies clients. All have a certificate there; one that could not be seen must not pass for a client of the
 * local socket, who has no name either.
 */
export function verifiedIdentity({ socket }: IncomingMessage): ClientIdentity {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket && socket.authorized) || certificate === undefined) {
    throw new EngineError("forbidden", "the certificate of this connection's client is not known");
  }
  const names: unknown = certificate.toLegacyObject().subject.CN;
  const last: unknown = Array.isArray(names) ? names.at(-1) : names;
  return { commonName: typeof last === "string" ? last : "", certificate: certificate.toString() };
}

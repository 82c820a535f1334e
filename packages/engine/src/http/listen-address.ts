/** Certificates for a TCP listener, PEM each. */
export interface ListenTls {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
  /** Who signs clients' certificates. */
  readonly ca?: Uint8Array;
  /** Refuse clients without a certificate of `ca`. */
  readonly verify: boolean;
}

export type ListenAddress =
  | {
      readonly kind: "unix";
      readonly path: string;
      /** Group ID that may connect too; root's by default. */
      readonly gid?: number;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: ListenTls }
  /** A socket that listens already, handed over by whoever started the engine. */
  | { readonly kind: "fd"; readonly fd: number };

/** As in `-H`: `unix:///run/x.sock`, `tcp://127.0.0.1:2375`. */
export function describeAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  if (address.kind === "fd") return `fd://${address.fd}`;
  return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

import type { ByteStream } from "./byte-stream.ts";

/** One way to reach one plugin over the Plugin API. */
export interface PluginConnection {
  /**
   * Calls `/<Interface>.<Method>`. `body` undefined sends nothing, else its JSON and a newline; resolves with the decoded answer
   * (undefined if it is empty). Fails with an EngineError: the plugin's `Err`, `Interface.Method: text` for other statuses,
   * unavailable if it cannot be reached in time.
   */
  call(method: string, body: object | undefined, options: CallOptions): Promise<unknown>;
  /**
   * The same for an answer that is not one JSON value: its bytes as they arrive, without a limit. Resolves with the status of 200;
   * `timeoutMs` bounds the time until then, `signal` all of it. Whoever does not read to the end stops the plugin's answer.
   */
  stream(method: string, body: object | undefined, options: CallOptions): Promise<ByteStream>;
  close(): void;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Fails at once where the plugin cannot be connected; else one that the engine does not manage is tried again for a while. */
  readonly atOnce?: boolean | undefined;
}

/** Where a plugin listens. */
export type PluginAddress = SocketAddress | OriginAddress;

export interface SocketAddress {
  /** Absolute. */
  readonly socketPath: string;
}

export interface OriginAddress {
  /** `http://HOST:PORT` or, with TLS, `https://HOST:PORT`. */
  readonly origin: string;
  readonly tls?: PluginTls | undefined;
}

export interface PluginTls {
  /** Whether the plugin must prove who it is. */
  readonly verify: boolean;
  /** In PEM, besides the system's authorities. */
  readonly ca?: string | undefined;
  /** Whether `ca` stands in place of the system's. */
  readonly exclusive: boolean;
  /** Ours, in PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3" | undefined;
}

export interface ConnectionOptions {
  /** Whose it is. */
  readonly plugin: string;
  /** Bounds every call (0: no bound). */
  readonly timeoutMs: number;
}

export interface PluginConnector {
  /** Opens a pool; makes no connection itself. Its calls fail with a PluginUnreachable where none can be made. */
  open(address: PluginAddress, options: ConnectionOptions): PluginConnection;
  /**
   * Resolves when something accepts connections on the socket, seen through inotify; kind unavailable after
   * `timeoutMs`, canceled with the signal.
   */
  waitUntilListening(
    socketPath: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

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
}

export interface PluginConnector {
  /** Opens a pool on a UNIX socket; makes no connection itself. `timeoutMs` bounds every call (0: no bound). */
  open(socketPath: string, options: { readonly timeoutMs: number }): PluginConnection;
  /**
   * Resolves when something accepts connections on the socket, seen through inotify; kind unavailable after
   * `timeoutMs`, canceled with the signal.
   */
  waitUntilListening(
    socketPath: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

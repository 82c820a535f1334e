/** One way to reach one plugin over the Plugin API. */
export interface PluginConnection {
  /**
   * Calls `/<Interface>.<Method>`. `body` undefined sends nothing, else its JSON and a newline; resolves with the decoded answer
   * (undefined if it is empty). Fails with an EngineError: the plugin's `Err`, `Interface.Method: text` for other statuses,
   * unavailable if it cannot be reached in time.
   */
  call(method: string, body: object | undefined, options: CallOptions): Promise<unknown>;
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

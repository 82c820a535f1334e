import type { PluginConnector } from "../../core/ports/plugin-connection.ts";
import { SocketConnection } from "./socket-connection.ts";
import { waitUntilListening } from "./socket-watch.ts";

/** Reaches plugins over their UNIX sockets. */
export const pluginConnector: PluginConnector = {
  open: (socketPath, { timeoutMs }) => new SocketConnection(socketPath, timeoutMs),
  waitUntilListening,
};

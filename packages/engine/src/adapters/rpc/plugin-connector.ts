import type { PluginConnector } from "../../core/ports/plugin-connection.ts";
import { HttpConnection } from "./http-connection.ts";
import { waitUntilListening } from "./socket-watch.ts";

/** Reaches plugins over UNIX sockets and TCP. */
export const pluginConnector: PluginConnector = {
  open: (address, options) => new HttpConnection(address, options),
  waitUntilListening,
};

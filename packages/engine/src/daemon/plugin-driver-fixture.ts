import { type PluginAnswer, type PluginServer, startPluginServer, TempDir } from "@davit/testkit";
import { pluginConnector } from "../adapters/rpc/plugin-connector.ts";
import type {
  PluginCapability,
  PluginEndpoint,
  PluginEndpoints,
} from "../services/endpoints/plugin-endpoint.ts";

const ignore = () => undefined;
export const quietLogger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  child: () => quietLogger,
};

/** A plugin server in this process, and its endpoint by the real client. */
export interface ServedPlugin extends AsyncDisposable {
  readonly server: PluginServer;
  readonly endpoint: PluginEndpoint;
  readonly endpoints: PluginEndpoints;
  /** As if the plugin's process were another one. */
  reconnect(): void;
}

/** `timeoutMs` bounds every call, as `enable --timeout` does. */
export async function servePluginOf(
  capability: PluginCapability,
  answers: Readonly<Record<string, PluginAnswer>>,
  timeoutMs = 0,
): Promise<ServedPlugin> {
  const dir = await TempDir.create("drv");
  const socket = dir.join("p.sock");
  const server = await startPluginServer({ answers, listen: { socket } });
  const address = { socketPath: socket };
  const options = { plugin: "acme/net:latest", timeoutMs };
  let connection = pluginConnector.open(address, options);
  const endpointNow = (): PluginEndpoint => ({
    name: "acme/net:latest",
    connection,
    toHostPath: (path) => path,
    toRealPath: (path) => Promise.resolve(path),
  });
  const get = (_typed: string, wanted: PluginCapability) =>
    wanted === capability ? Promise.resolve(endpointNow()) : Promise.reject(new Error("serves another"));
  return {
    server,
    endpoint: endpointNow(),
    endpoints: {
      canonicalName: (typed) => (typed === "acme/net" ? "acme/net:latest" : typed),
      get,
      waitFor: get,
      names: (wanted) => Promise.resolve(wanted === capability ? ["acme/net:latest"] : []),
    },
    reconnect: () => {
      connection.close();
      connection = pluginConnector.open(address, options);
    },
    [Symbol.asyncDispose]: async () => {
      connection.close();
      await server[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** The calls so far as `Method body`, without the interface's name. */
export const told = (server: PluginServer): readonly string[] =>
  server.calls.map(({ method, rawBody }) => `${method.replace(/^\w+\./, "")} ${rawBody.trim()}`.trim());

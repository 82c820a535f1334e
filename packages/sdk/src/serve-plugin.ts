import { createServer } from "node:http";
import { createLineLogger, type PluginLogger } from "./line-logger.ts";
import { interfacesOf, type PluginDrivers } from "./plugin-drivers.ts";
import { listenOn, socketPath } from "./rpc/plugin-socket.ts";
import { RpcHandler } from "./rpc/rpc-handler.ts";
import type { DriverInterface, RpcMethod } from "./rpc/rpc-method.ts";

export interface ServeOptions {
  /**
   * The same file name as `interface.socket` in `config.json` (`demo.sock`, which lies in `/run/docker/plugins`),
   * or a path with a slash in it. A socket that systemd hands over (LISTEN_FDS) is taken in its place, and left where it is.
   */
  readonly socket: string;
  /** Stops the plugin, as SIGTERM and SIGINT do. */
  readonly signal?: AbortSignal;
  /** Default: lines on stdout and stderr, queries left out. */
  readonly logger?: PluginLogger;
  /** A longer request is answered with 413. Default: 1 MiB, with an authorizer 32 MiB. */
  readonly bodyLimitBytes?: number;
  /** How long calls under way may take after a stop. Default: 8 s, since the engine kills after 10. */
  readonly graceMs?: number;
}

export interface PluginServer {
  /** Absolute path of the socket. */
  readonly socket: string;
  /** Fulfilled once stopped, for whatever reason: the place to release what the driver holds. */
  readonly stopped: Promise<void>;
  /** Takes the socket away, finishes the calls under way, closes. May be called again. */
  stop(): Promise<void>;
}

/**
 * Serves drivers to an engine over the plugin protocol. Fulfilled when the socket accepts connections.
 * https://docs.docker.com/engine/extend/plugin_api/
 */
export async function servePlugin(drivers: PluginDrivers, options: ServeOptions): Promise<PluginServer> {
  const logger = options.logger ?? createLineLogger();
  const interfaces = interfacesOf(drivers, logger);
  const handler = new RpcHandler({
    methods: methodTable(interfaces),
    logger,
    bodyLimitBytes: options.bodyLimitBytes ?? usualLimit(interfaces),
  });
  const server = createServer((request, response) => {
    handler.handle(request, response);
  });
  // The engine keeps connections for its next call; closing an idle one could cross with it.
  server.keepAliveTimeout = 0;

  options.signal?.throwIfAborted();
  const socket = await listenOn(server, socketPath(options.socket));

  const finish = async (): Promise<void> => {
    logger.info({ socket: socket.path }, "stopping");
    const closed = new Promise<void>((done) => {
      server.close(() => {
        done();
      });
    });
    const { promise: wasCut, settle: giveUp } = settledLater();
    const cut = () => {
      handler.cutShort();
      server.closeAllConnections();
      // A driver that ignores its signal must not keep the plugin from stopping.
      giveUp(Promise.resolve());
    };
    const grace = setTimeout(cut, options.graceMs ?? 8_000);
    process.once("SIGTERM", cut).once("SIGINT", cut);
    const drained = Promise.all([handler.drain(), ...interfaces.map((each) => each.stop?.())]);
    try {
      await socket.remove();
      await Promise.race([drained, wasCut]);
      server.closeIdleConnections();
      await closed;
    } finally {
      clearTimeout(grace);
      process.off("SIGTERM", cut).off("SIGINT", cut);
    }
  };

  const { promise: stopped, settle } = settledLater();
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (!stopping) {
      stopping = true;
      process.off("SIGTERM", onSignal).off("SIGINT", onSignal);
      options.signal?.removeEventListener("abort", onSignal);
      settle(finish());
    }
    await stopped;
  };
  const onSignal = () => {
    void stop().catch((error: unknown) => {
      logger.error({ error: String(error) }, "stop failed");
    });
  };
  process.once("SIGTERM", onSignal).once("SIGINT", onSignal);
  options.signal?.addEventListener("abort", onSignal, { once: true });
  if (options.signal?.aborted === true) onSignal();

  logger.info({ socket: socket.path }, "serving");
  return { socket: socket.path, stopped, stop };
}

const usualLimit = (interfaces: readonly DriverInterface[]): number =>
  Math.max(1024 * 1024, ...interfaces.map(({ bodyLimitBytes = 0 }) => bodyLimitBytes));

function methodTable(interfaces: readonly DriverInterface[]): ReadonlyMap<string, RpcMethod> {
  const activate: RpcMethod = {
    query: true,
    answer: async () => ({ Implements: interfaces.map((each) => each.name) }),
  };
  return new Map([
    ["Plugin.Activate", activate],
    ...interfaces.flatMap((each) => Object.entries(each.methods)),
  ]);
}

/** A promise that takes over another one later. */
function settledLater() {
  let settle: (outcome: Promise<void>) => void = () => undefined;
  const promise = new Promise<void>((done) => {
    settle = done;
  });
  return { promise, settle };
}

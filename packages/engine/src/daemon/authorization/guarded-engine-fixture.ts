import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ApiAnswer,
  type ApiRequestOptions,
  type PluginAnswer,
  type PluginServer,
  requestApi,
  startPluginServer,
} from "@davit/testkit";
import { pluginConnector } from "../../adapters/rpc/plugin-connector.ts";
import { EngineError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import { authorization } from "../../http/authorization.ts";
import { engineHeaders } from "../../http/engine-headers.ts";
import type { Route } from "../../http/route.ts";
import { type ApiServer, createApiServer } from "../../http/server.ts";
import { AuthorizationChain } from "../../services/authorization/authorization-chain.ts";
import type { PluginEndpoint, PluginEndpoints } from "../../services/endpoints/plugin-endpoint.ts";

const allowing: Readonly<Record<string, PluginAnswer>> = {
  "AuthZPlugin.AuthZReq": () => ({ Allow: true }),
  "AuthZPlugin.AuthZRes": () => ({ Allow: true }),
};

const identity = { name: "Davit", version: "9.9" };

/** The API's server behind the chain, which asks real plugin servers over their sockets. */
export class GuardedEngine implements AsyncDisposable {
  readonly dir: string;
  readonly chain: AuthorizationChain;
  readonly server: ApiServer;
  /** As they are configured. */
  names: readonly string[] = ["guard"];
  timeoutMs = 5_000;
  readonly logged: string[] = [];
  readonly #connections = new Map<string, PluginConnection>();
  readonly #servers: PluginServer[] = [];

  static async start(routes: readonly Route[]): Promise<GuardedEngine> {
    const engine = new GuardedEngine(await mkdtemp(join(tmpdir(), "dz-")), routes);
    await engine.server.listen({ kind: "unix", path: engine.socket });
    return engine;
  }

  private constructor(dir: string, routes: readonly Route[]) {
    this.dir = dir;
    const note = (_fields: object, message: string) => this.logged.push(message);
    const ignore = () => undefined;
    const logger: Logger = { debug: ignore, info: note, warn: note, error: note, child: () => logger };
    this.chain = new AuthorizationChain({
      endpoints: this.#endpoints(),
      logger,
      settings: () => ({ names: this.names, timeoutMs: this.timeoutMs }),
    });
    const middleware = [authorization({ chain: this.chain, headers: engineHeaders(identity) })];
    this.server = createApiServer({ routes, middleware, engine: identity, logger });
  }

  get socket(): string {
    return join(this.dir, "api");
  }

  /** A plugin in this process that allows everything, unless told otherwise. */
  async plugin(name: string, answers: Readonly<Record<string, PluginAnswer>> = {}): Promise<PluginServer> {
    const server = await startPluginServer({
      answers: { ...allowing, ...answers },
      listen: { socket: join(this.dir, `${name}.sock`) },
    });
    this.#servers.push(server);
    return server;
  }

  request(method: string, path: string, options?: ApiRequestOptions): Promise<ApiAnswer> {
    return requestApi(this.socket, method, path, options);
  }

  /** Sends bytes as they are, line ends made those of HTTP, and answers all that comes until the connection ends. */
  async raw(text: string): Promise<string> {
    const socket = connect(this.socket);
    await once(socket, "connect");
    socket.write(text.replaceAll("\n", "\r\n"));
    let seen = "";
    for await (const chunk of socket) seen += String(chunk);
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close({ graceMs: 0 });
    for (const connection of this.#connections.values()) connection.close();
    for (const server of this.#servers) await server.stop();
    await rm(this.dir, { recursive: true });
  }

  /** Plugins by the sockets in this directory. */
  #endpoints(): PluginEndpoints {
    const connection = (name: string): PluginConnection => {
      const known = this.#connections.get(name);
      if (known !== undefined) return known;
      const made = pluginConnector.open(
        { socketPath: join(this.dir, `${name}.sock`) },
        { plugin: name, timeoutMs: 0 },
      );
      this.#connections.set(name, made);
      return made;
    };
    const get = (name: string): Promise<PluginEndpoint> =>
      name === "missing"
        ? Promise.reject(new EngineError("not-found", `plugin "${name}" not found`))
        : Promise.resolve({
            name,
            connection: connection(name),
            toHostPath: (inside) => inside,
            toRealPath: (inside) => Promise.resolve(inside),
          });
    return {
      canonicalName: (typed) => typed,
      names: () => Promise.resolve([]),
      get,
      waitFor: get,
    };
  }
}

/** What a call carries as base64, as text. */
export function shownBody(body: unknown, member: "RequestBody" | "ResponseBody"): string | undefined {
  if (typeof body !== "object" || body === null || !(member in body)) return undefined;
  const value: unknown = Reflect.get(body, member);
  return typeof value === "string" ? Buffer.from(value, "base64").toString("utf8") : undefined;
}

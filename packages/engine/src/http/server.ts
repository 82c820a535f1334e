import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { EngineError, errnoOf, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/ports/logger.ts";
import { type ApiVersionRange, supportedApiVersions } from "./api-version.ts";
import { type ClientIdentity, verifiedIdentity } from "./client-identity.ts";
import { type EngineIdentity, engineHeaders } from "./engine-headers.ts";
import { statusOf } from "./error-status.ts";
import { Exchange, type FoundRoute } from "./exchange.ts";
import { type TakenConnection, takeConnection } from "./hijack.ts";
import { describeAddress, type ListenAddress } from "./listen-address.ts";
import type { Middleware, Route } from "./route.ts";
import { createRouter, type RouteMatch } from "./router.ts";
import { sendError } from "./send-reply.ts";
import { splitTarget } from "./split-target.ts";
import { Unanswered } from "./unanswered.ts";
import { clearStaleSocket, protectSocket } from "./unix-socket.ts";
import { isWebsocketRequest } from "./websocket.ts";

export interface ApiServerOptions {
  readonly routes: readonly Route[];
  readonly engine: EngineIdentity;
  readonly logger: Logger;
  /** Around every request that reaches a route, the first outermost. */
  readonly middleware?: readonly Middleware[];
}

interface CloseOptions {
  readonly graceMs: number;
  readonly undoMs?: number;
}

export interface ApiServer {
  /** Starts to serve on one more address; answers it as it came out (a port instead of 0). */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /**
   * Stops accepting, ends streams at once, gives other requests `graceMs` to finish, then cuts them. Those that do not end
   * even then have `undoMs` (5 s by default) to undo what they have begun, and are not waited for any longer.
   */
  close(options: CloseOptions): Promise<void>;
}

/** Who sends a request; undefined where a listener does not ask. */
type Identify = (request: IncomingMessage) => ClientIdentity | undefined;

/** The Engine API on node:http. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new NodeApiServer(options);
}

class NodeApiServer implements ApiServer {
  readonly #options: ApiServerOptions;
  readonly #versions: ApiVersionRange;
  readonly #match: (request: IncomingMessage) => RouteMatch;
  readonly #servers = new Set<Server>();
  readonly #exchanges = new Map<Exchange, Promise<void>>();
  /** With the requests for it. */
  readonly #hijacked = new Map<Duplex, IncomingMessage>();
  readonly #unanswered = new Unanswered();
  /** TCP connections whose TLS is not up yet. */
  readonly #handshakes = new Set<Socket>();
  #closing = false;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#versions = options.engine.apiVersions ?? supportedApiVersions;
    const router = createRouter(options.routes);
    this.#match = (request) => router(request.method ?? "GET", pathOf(request));
  }

  async listen(address: ListenAddress): Promise<ListenAddress> {
    if (address.kind === "unix") await clearStaleSocket(address.path);
    const server = this.#createServer(address);
    try {
      await listening(server, address);
      if (address.kind === "unix") await protectSocket(address.path, address.gid);
    } catch (error) {
      server.close();
      throw new EngineError("unavailable", `listen ${describeAddress(address)}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    // Where the host has run out of file descriptors, for one: who could not be let in may come again.
    server.on("error", (error) => {
      this.#options.logger.error({ reason: messageOf(error) }, "a connection could not be accepted");
    });
    this.#servers.add(server);
    const bound = server.address();
    const port = typeof bound === "object" ? bound?.port : undefined;
    return address.kind === "tcp" && port !== undefined ? { ...address, port } : address;
  }

  async close({ graceMs, undoMs = 5000 }: CloseOptions): Promise<void> {
    this.#closing = true;
    for (const socket of this.#handshakes) socket.destroy();
    const closed = Promise.all([...this.#servers].map(closeServer));
    for (const exchange of this.#exchanges.keys()) {
      if (exchange.streaming || exchange.receiving) exchange.abort("the engine stops");
    }
    await settlesWithin(this.#settled(), graceMs);
    this.#cut();
    if (!(await settlesWithin(this.#settled(), undoMs))) {
      const paths = [...this.#exchanges.keys()].map(({ path }) => path);
      this.#options.logger.warn(
        { requests: paths.length, paths },
        "stopped serving without waiting for the requests that did not end",
      );
    }
    await closed;
  }

  /** Resolves when nothing is being answered any more. */
  async #settled(): Promise<void> {
    while (this.#exchanges.size > 0) await Promise.all(this.#exchanges.values());
  }

  #cut(): void {
    for (const exchange of this.#exchanges.keys()) exchange.abort("the engine stops");
    for (const socket of this.#hijacked.keys()) socket.destroy();
    for (const server of this.#servers) server.closeAllConnections();
  }

  #createServer(address: ListenAddress): Server {
    const options = {
      // Uploads and waits take as long as they take, and an idle client may come back at any time.
      requestTimeout: 0,
      keepAliveTimeout: 0,
      // Registry tokens travel in headers.
      maxHeaderSize: 256 * 1024,
      // Anything else that asks for an upgrade is answered as if it had not.
      shouldUpgradeCallback: (request: IncomingMessage) => this.#upgradeRoute(request) !== undefined,
    };
    const server =
      address.kind === "tcp" && address.tls !== undefined
        ? createTlsServer({
            ...options,
            cert: Buffer.from(address.tls.cert),
            key: Buffer.from(address.tls.key),
            ...(address.tls.ca === undefined ? {} : { ca: Buffer.from(address.tls.ca) }),
            requestCert: address.tls.verify,
            rejectUnauthorized: address.tls.verify,
            handshakeTimeout: 10_000,
            // As for plain sockets: a client that closes its sending half still gets its answer.
            allowHalfOpen: true,
          })
        : createServer(options);
    if (address.kind === "tcp" && address.tls !== undefined) this.#watchHandshakes(server);
    const identify: Identify =
      address.kind === "tcp" && address.tls?.verify === true ? verifiedIdentity : () => undefined;
    server.on("request", (request, response) => this.#onRequest(request, response, identify));
    server.on("clientError", (error, socket) => this.#onClientError(error, socket));
    server.on("upgrade", (request, socket, head) => {
      const found = this.#upgradeRoute(request);
      if (found === undefined) socket.destroy();
      else this.#takeOver(request, this.#exchange(request, found, identify), { socket, head, upgrade: true });
    });
    return server;
  }

  /**
   * A client that goes away in the middle of a TLS handshake is not noticed on a socket that may be half open: such
   * connections are cut when the server stops, and by `handshakeTimeout`.
   */
  #watchHandshakes(server: Server): void {
    const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
    const byPeer = new Map<string, Socket>();
    server.on("connection", (socket: Socket) => {
      const peer = peerOf(socket);
      byPeer.set(peer, socket);
      this.#handshakes.add(socket);
      socket.once("close", () => {
        byPeer.delete(peer);
        this.#handshakes.delete(socket);
      });
    });
    server.on("secureConnection", (secure: Socket) => {
      const socket = byPeer.get(peerOf(secure));
      if (socket !== undefined) this.#handshakes.delete(socket);
    });
  }

  #upgradeRoute(request: IncomingMessage): FoundRoute | undefined {
    const found = this.#match(request);
    if (found.kind !== "found" || !takesOver(found.route, request)) return undefined;
    return this.#unanswered.isNone(request.socket) ? found : undefined;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, identify: Identify): void {
    const { socket } = request;
    if (this.#hijacked.has(socket) || this.#unanswered.isReserved(socket)) {
      // What is typed, in the same packet as the request for it to be read, is never another request, however much it looks like one.
      socket.destroy();
      return;
    }
    for (const [name, value] of Object.entries(engineHeaders(this.#options.engine))) {
      response.setHeader(name, value);
    }
    if (this.#closing) response.shouldKeepAlive = false;
    this.#unanswered.add(request, response);
    const match = this.#match(request);
    switch (match.kind) {
      case "not-found":
        return sendError(response, 404, `page not found: ${request.method ?? ""} ${pathOf(request)}`);
      case "undecodable":
        return sendError(response, 400, "invalid URL escape in path");
      case "redirect":
        response.writeHead(301, {
          Location: encodeURI(match.path) + queryOf(request),
          "Content-Length": "0",
        });
        response.end();
        return;
      case "found":
        if (takesOver(match.route, request)) return this.#takeOverPlain(request, response, match, identify);
        if (match.route.hijack === "after-body") this.#unanswered.reserve(request, response);
        return this.#track(this.#exchange(request, match, identify), (exchange) => exchange.answer(response));
    }
  }

  #takeOverPlain(
    request: IncomingMessage,
    response: ServerResponse,
    found: FoundRoute,
    identify: Identify,
  ): void {
    try {
      this.#unanswered.requireOnly(request, response);
    } catch (error) {
      return sendError(response, statusOf(error), messageOf(error));
    }
    this.#takeOver(request, this.#exchange(request, found, identify), takeConnection(request, response));
  }

  #onClientError(error: Error, socket: Duplex): void {
    // What came in one packet with a plain request that took the connection over was read as another request.
    const taking = this.#hijacked.get(socket);
    if (taking !== undefined) socket.unshift(typedBytes(error, taking));
    else if (isParseError(error) && socket.writable)
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    // A failed TLS handshake, for one: to such a socket nothing can be written, and `end` would never come to its end.
    else socket.destroy();
  }

  #takeOver(request: IncomingMessage, exchange: Exchange, taken: TakenConnection): void {
    this.#hijacked.set(taken.socket, request);
    taken.socket.once("close", () => this.#hijacked.delete(taken.socket));
    this.#track(exchange, () => exchange.takeOver(taken));
  }

  #exchange(request: IncomingMessage, found: FoundRoute, identify: Identify): Exchange {
    const { middleware = [], logger, engine } = this.#options;
    const context = {
      versions: this.#versions,
      headers: engineHeaders(engine),
      middleware,
      logger,
      identify,
      unanswered: this.#unanswered,
    };
    return new Exchange(context, request, found);
  }

  #track(exchange: Exchange, run: (exchange: Exchange) => Promise<void>): void {
    const done = run(exchange).finally(() => this.#exchanges.delete(exchange));
    this.#exchanges.set(exchange, done);
  }
}

/** Whether the request's connection becomes the handler's before its body is read. */
const takesOver = ({ hijack }: Route, request: IncomingMessage): boolean =>
  hijack === true || (hijack === "websocket" && isWebsocketRequest(request));

const pathOf = ({ url = "/" }: IncomingMessage): string => splitTarget(url).rawPath;

function queryOf({ url = "" }: IncomingMessage): string {
  const { rawQuery } = splitTarget(url);
  return rawQuery === "" ? "" : `?${rawQuery}`;
}

/**
 * What follows a request in the packet in which Node's parser stumbled. It counts as parsed what it took for the beginning of another
 * request, of which the first one's end is not told: where that has no body, it is the end of its headers.
 */
function typedBytes(error: Error, { headers }: IncomingMessage): Uint8Array {
  const packet = "rawPacket" in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket : Buffer.alloc(0);
  const parsed = "bytesParsed" in error && typeof error.bytesParsed === "number" ? error.bytesParsed : 0;
  const isBodiless = headers["transfer-encoding"] === undefined && !(Number(headers["content-length"]) > 0);
  const end = packet.indexOf("\r\n\r\n");
  return packet.subarray(isBodiless && end !== -1 ? Math.min(end + 4, parsed) : parsed);
}

function listening(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    if (address.kind === "unix") server.listen({ path: address.path });
    else if (address.kind === "tcp") server.listen({ host: address.host, port: address.port });
    else server.listen({ fd: address.fd });
  });
}

async function settlesWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    // The error would be that it was not listening, which is what is wanted.
    server.close(() => resolve());
  });

/** Of node's HTTP parser: https://nodejs.org/api/http.html#event-clienterror */
const isParseError = (error: Error): boolean => errnoOf(error)?.startsWith("HPE_") ?? false;

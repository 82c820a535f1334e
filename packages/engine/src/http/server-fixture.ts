import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Logger } from "../core/ports/logger.ts";
import type { Handler, Method, Middleware, Route } from "./route.ts";
import { type ApiServer, createApiServer } from "./server.ts";

export interface Sent {
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

export interface Received {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export const route = (method: Method, path: string, handle: Handler, hijack = false): Route => ({
  method,
  path,
  handle,
  hijack,
});

/** For tests: servers on UNIX sockets in a directory of their own, and a client that can be as rude as it likes. */
export class ServerFixture {
  readonly dir: string;
  /** Warnings and errors. */
  readonly logged: string[] = [];
  readonly #servers: ApiServer[] = [];

  static async make(): Promise<ServerFixture> {
    return new ServerFixture(await mkdtemp(join(tmpdir(), "dv-")));
  }

  private constructor(dir: string) {
    this.dir = dir;
  }

  get socketPath(): string {
    return join(this.dir, "s");
  }

  async dispose(): Promise<void> {
    for (const server of this.#servers) await server.close({ graceMs: 0 });
    await rm(this.dir, { recursive: true });
  }

  /** A server that listens nowhere yet. */
  create(routes: readonly Route[], middleware: readonly Middleware[] = []): ApiServer {
    const note = (_fields: object, message: string) => this.logged.push(message);
    const ignore = () => undefined;
    const logger: Logger = { debug: ignore, info: ignore, warn: note, error: note, child: () => logger };
    const server = createApiServer({ routes, middleware, engine: { name: "Davit", version: "9.9" }, logger });
    this.#servers.push(server);
    return server;
  }

  async serve(routes: readonly Route[], middleware?: readonly Middleware[]): Promise<ApiServer> {
    const server = this.create(routes, middleware);
    await server.listen({ kind: "unix", path: this.socketPath });
    return server;
  }

  /** Resolves with the headers. */
  async send(method: string, path: string, { body, headers = {} }: Sent = {}): Promise<IncomingMessage> {
    const outgoing = request({ socketPath: this.socketPath, method, path, headers, agent: false });
    outgoing.end(body);
    const [response] = await once(outgoing, "response");
    return response;
  }

  async call(method: string, path: string, sent?: Sent): Promise<Received> {
    const response = await this.send(method, path, sent);
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  /** A raw connection on which `head` has been sent, its lines ended as HTTP wants. */
  async open(head: string): Promise<Socket> {
    const socket = connect({ path: this.socketPath, allowHalfOpen: true });
    await once(socket, "connect");
    socket.write(head.replaceAll("\n", "\r\n"));
    return socket;
  }
}

/** Resolves with everything that came once it contains `wanted`. */
export async function readUntil(socket: Socket, wanted: string): Promise<string> {
  let seen = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(wanted)) return seen;
  }
  return seen;
}

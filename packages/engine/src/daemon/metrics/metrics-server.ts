import { chmod } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import type { Registry } from "prom-client";
import { EngineError, messageOf } from "../../core/errors.ts";
import { clearStaleSocket } from "../../http/unix-socket.ts";

/** Serves `GET /metrics` to Prometheus, and on a UNIX socket to plugins that collect metrics. */
export class MetricsServer implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #servers: Server[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** `HOST:PORT`; answers it as it came out (a port instead of 0). */
  async listenOnTcp(address: string): Promise<string> {
    const colon = address.lastIndexOf(":");
    const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
    const server = await this.#listen(address, {
      port: Number(address.slice(colon + 1)),
      ...(host === "" ? {} : { host }),
    });
    const bound: AddressInfo | string | null = server.address();
    return typeof bound === "object" && bound !== null ? `${address.slice(0, colon)}:${bound.port}` : address;
  }

  async listenOnSocket(path: string, { mode }: { readonly mode?: number } = {}): Promise<void> {
    await clearStaleSocket(path);
    await this.#listen(path, { path });
    if (mode !== undefined) await chmod(path, mode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#servers.map(async (server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  async #listen(address: string, options: ListenOptions): Promise<Server> {
    const server = createServer((request, response) => {
      if (request.url !== "/metrics" || request.method !== "GET") {
        response.writeHead(404).end("404 page not found\n");
        return;
      }
      this.#registry.metrics().then(
        (text) => response.writeHead(200, { "Content-Type": this.#registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
      );
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Once it listens, that a connection could not be accepted: whoever asks for metrics asks again.
    server.on("error", reject);
    server.listen(options, resolve);
    try {
      await promise;
    } catch (error) {
      throw new EngineError("unavailable", `serving metrics on ${address}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.#servers.push(server);
    return server;
  }
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { EngineError } from "../core/errors.ts";

/** The requests that wait for their answers, by connection: a client may send several at once, which are answered in its order. */
export class Unanswered {
  readonly #byConnection = new WeakMap<Duplex, Set<ServerResponse>>();
  readonly #reserved = new WeakSet<Duplex>();

  add({ socket }: IncomingMessage, response: ServerResponse): void {
    const waiting = this.#byConnection.get(socket) ?? new Set();
    this.#byConnection.set(socket, waiting.add(response));
    response.once("finish", () => waiting.delete(response));
  }

  /** Whatever follows a request on its connection belongs to the stream that its answer may begin, until it is answered otherwise. */
  reserve({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#reserved.add(socket);
    response.once("finish", () => this.#reserved.delete(socket));
  }

  isReserved(socket: Duplex): boolean {
    return this.#reserved.has(socket);
  }

  /** Whether a connection has none. */
  isNone(socket: Duplex): boolean {
    return (this.#byConnection.get(socket)?.size ?? 0) === 0;
  }

  /**
   * Fails unless the request is its connection's only one: if that were taken over, the answers to the others would be lost, or come in
   * the middle of a stream.
   */
  requireOnly({ socket }: IncomingMessage, response: ServerResponse): void {
    const waiting = this.#byConnection.get(socket);
    if (waiting?.size === 1 && waiting.has(response)) return;
    // What follows may have been meant for the stream.
    response.shouldKeepAlive = false;
    throw new EngineError(
      "invalid",
      "the connection cannot be taken over: other requests wait for their answers on it",
    );
  }
}

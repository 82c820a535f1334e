import { once } from "node:events";
import { WebSocket } from "ws";

export interface WebsocketMessage {
  readonly bytes: Buffer;
  readonly binary: boolean;
}

/** A client at the other end of a websocket of an engine's API. */
export class WebsocketClient implements AsyncDisposable {
  readonly #websocket: WebSocket;
  readonly #messages: WebsocketMessage[] = [];
  #seen = 0;
  /** Resolves with the closing code. */
  readonly closed: Promise<number>;

  /** Fails with the status if the request is refused. */
  static async open(socketPath: string, path: string): Promise<WebsocketClient> {
    const websocket = new WebSocket(`ws+unix:${socketPath}:${path}`, {
      // Engines put whatever a program writes into text messages for old clients.
      skipUTF8Validation: true,
    });
    const client = new WebsocketClient(websocket);
    await once(websocket, "open");
    return client;
  }

  private constructor(websocket: WebSocket) {
    this.#websocket = websocket;
    this.closed = new Promise((resolve) => {
      websocket.once("close", resolve);
    });
    websocket.on("message", (data, binary) => {
      if (data instanceof Buffer) this.#messages.push({ bytes: data, binary });
    });
  }

  /** What has come so far. */
  get messages(): readonly WebsocketMessage[] {
    return this.#messages;
  }
  get text(): string {
    return Buffer.concat(this.#messages.map(({ bytes }) => bytes)).toString("latin1");
  }

  /** Waits until the text has come, after what was waited for before. */
  async see(text: string): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (!this.text.includes(text, this.#seen)) {
      if (this.#websocket.readyState !== WebSocket.OPEN) {
        throw new Error(`closed after ${JSON.stringify(this.text)}`);
      }
      await Promise.race([once(this.#websocket, "message", { signal }), this.closed]);
    }
    this.#seen = this.text.indexOf(text, this.#seen) + text.length;
  }

  send(data: string | Uint8Array): void {
    this.#websocket.send(data);
  }

  close(): void {
    this.#websocket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#websocket.terminate();
    await this.closed;
  }
}

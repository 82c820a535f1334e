import { on } from "node:events";
import { type IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { EngineError, messageOf } from "../core/errors.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";
import { closeLingering, lingerMs, type TakenConnection } from "./hijack.ts";
import type { HijackedConnection, ReplyHeaders } from "./reply.ts";
import { sendError } from "./send-reply.ts";

// https://www.rfc-editor.org/rfc/rfc6455

const largestMessageBytes = 32 * 1024 * 1024;

/** So many messages wait for a reader before the client is held up. */
const waitingMessages = { highWaterMark: 16, lowWaterMark: 4 };

const closeCodes = { normal: 1000, failure: 1011 } as const;

export const isWebsocketRequest = ({ headers }: Pick<IncomingMessage, "headers">): boolean =>
  headers.upgrade?.toLowerCase() === "websocket";

/** Shakes hands, gives `run` what messages carry, and closes. A request that is no proper one is answered with 400. */
export async function serveWebsocket(
  request: IncomingMessage,
  taken: TakenConnection,
  {
    binary,
    run,
  }: { readonly binary: boolean; readonly run: (connection: HijackedConnection) => Promise<void> },
): Promise<void> {
  const websocket = await opened(request, taken);
  if (websocket === undefined) return;
  // Told to whoever reads or writes.
  websocket.on("error", () => undefined);
  const messages = on(websocket, "message", { close: ["close"], ...waitingMessages });
  let code: number = closeCodes.normal;
  try {
    await run({ input: inputOf(messages), write: (bytes) => send(websocket, bytes, binary) });
  } catch (error) {
    code = closeCodes.failure;
    throw error;
  } finally {
    close(websocket, code);
  }
}

/** Undefined for a client that asked wrongly, or is gone. */
function opened(request: IncomingMessage, { socket, head }: TakenConnection): Promise<WebSocket | undefined> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: largestMessageBytes,
  });
  return new Promise((resolve) => {
    const fail = (): void => resolve(undefined);
    socket.once("close", fail);
    server.handleUpgrade(request, socket, Buffer.from(head), (websocket) => {
      socket.off("close", fail);
      resolve(websocket);
    });
  });
}

async function* inputOf(messages: AsyncIterable<unknown>): ByteStream {
  try {
    for await (const message of messages) {
      const data: unknown = Array.isArray(message) ? message[0] : undefined;
      if (data instanceof Uint8Array) yield data;
    }
  } catch (error) {
    throw clientGone(error);
  }
}

/** Resolves when the message is on its way, which holds up a writer whose client is slow. */
function send(websocket: WebSocket, bytes: Uint8Array, binary: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    websocket.send(bytes, { binary }, (error) => (error ? reject(clientGone(error)) : resolve()));
  });
}

function close(websocket: WebSocket, code: number): void {
  const timer = setTimeout(() => websocket.terminate(), lingerMs);
  timer.unref();
  websocket.once("close", () => clearTimeout(timer));
  // The client's answer to it must be read.
  websocket.resume();
  websocket.close(code);
}

const clientGone = (cause: unknown): EngineError =>
  new EngineError("canceled", `stream to client: ${messageOf(cause)}`, { cause });

/** Answers over HTTP what asked for more. */
export function refuseUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  refusal: { readonly status: number; readonly message: string; readonly headers: ReplyHeaders },
): void {
  if (!(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  const response = new ServerResponse(request);
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  response.shouldKeepAlive = false;
  response.once("finish", () => closeLingering(socket));
  response.assignSocket(socket);
  sendError(response, refusal.status, refusal.message);
}

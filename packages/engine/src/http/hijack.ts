import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { EngineError } from "../core/errors.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";
import type { HijackedConnection } from "./reply.ts";

/** A connection that HTTP has let go of; nothing has been answered on it yet. */
export interface TakenConnection {
  readonly socket: Duplex;
  /** Bytes of the client's that came with the request. */
  readonly head: Uint8Array;
  /** Whether the client asked for `101 UPGRADED`. */
  readonly upgrade: boolean;
}

/**
 * Takes the connection of a plain request away from Node's server, whose parser would else read what the client sends
 * next as another request. Must be called in the very tick in which the request came.
 */
export function takeConnection(request: IncomingMessage, response: ServerResponse): TakenConnection {
  const { socket } = request;
  response.detachSocket(socket);
  for (const event of ["data", "end", "close", "drain", "timeout", "error"]) socket.removeAllListeners(event);
  // A listener for `data` makes Node's server stop reading the socket natively; taking it off again one by one, and not
  // with all others, is what tells the stream that nobody listens and its bytes must be kept.
  const listener = () => undefined;
  socket.on("data", listener);
  socket.off("data", listener);
  socket.pause();
  // The parser is still at work on the packet and resumes the socket at the end of the request; without a second
  // pause, whatever came before somebody reads would be lost.
  process.nextTick(() => socket.pause());
  return { socket, head: new Uint8Array(), upgrade: false };
}

/** Tells of a failure before the stream, in the form in which the Engine does on a connection taken over. */
export function refuseHijack({ socket }: TakenConnection, status: number, message: string): void {
  const reason = STATUS_CODES[status] ?? "Unknown";
  closeLingering(
    socket,
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n${message}\r\n`,
  );
}

/** Answers the request, hands the connection to `run` and closes it afterwards. */
export async function serveHijack(
  taken: TakenConnection,
  options: {
    readonly contentType: string;
    /** Of every answer, where the engine puts them on this one too. */
    readonly headers?: Readonly<Record<string, string>>;
    readonly run: (connection: HijackedConnection) => Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { socket, upgrade } = taken;
  const status = upgrade ? "101 UPGRADED" : "200 OK";
  const upgraded = upgrade ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "";
  const common = Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: ${options.contentType}\r\n${common.join("")}${upgraded}\r\n`,
  );
  try {
    await options.run({
      input: readInput(taken),
      write: (bytes) => writeTo(socket, bytes, options.signal),
    });
  } finally {
    closeLingering(socket);
  }
}

async function* readInput({ socket, head }: TakenConnection): ByteStream {
  if (head.byteLength > 0) yield head;
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (error) {
    throw clientGone(error);
  }
}

async function writeTo(socket: Duplex, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (socket.destroyed || signal.aborted) throw clientGone();
  if (socket.write(bytes)) return;
  try {
    await once(socket, "drain", { signal });
  } catch (error) {
    throw clientGone(error);
  }
}

const clientGone = (cause?: unknown): EngineError =>
  new EngineError("canceled", "stream to client: the connection is closed", { cause });

/** How long a client may keep its half open after ours is closed. */
export const lingerMs = 5_000;

/** Closes our half and reads on to the end: closing with unread input could cost the client our last bytes. */
export function closeLingering(socket: Duplex, lastBytes?: string): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  if (lastBytes === undefined) socket.end();
  else socket.end(lastBytes);
  socket.resume();
}

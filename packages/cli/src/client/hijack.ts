import type { IncomingMessage } from "node:http";
import type { Duplex, Readable, Writable } from "node:stream";
import { DaemonFailure, Failure } from "../failure.ts";
import { readText } from "./read-body.ts";
import { reasonOf } from "./refusal.ts";
import { connectionFailure, type Transport } from "./transport.ts";

/** A connection after its HTTP part: what the daemon sends, and where to write; ending `input` half-closes. */
export interface HijackedStream {
  readonly output: Readable;
  readonly input: Writable;
  close(): void;
}

/** Asks to upgrade; a daemon that ignores the wish answers 200 and streams all the same. */
export function hijack(
  transport: Transport,
  request: { readonly path: string; readonly json: unknown; readonly signal: AbortSignal },
): Promise<HijackedStream> {
  const { path, signal } = request;
  const body = request.json === undefined ? undefined : JSON.stringify(request.json);
  const { promise, resolve, reject } = Promise.withResolvers<HijackedStream>();
  const outgoing = transport.upgrade({
    method: "POST",
    path,
    headers: {
      Connection: "Upgrade",
      Upgrade: "tcp",
      "Content-Type": body === undefined ? "text/plain" : "application/json",
      "Content-Length": String(Buffer.byteLength(body ?? "")),
    },
    signal,
  });
  outgoing.on("upgrade", (_response: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (head.length > 0) socket.unshift(head);
    resolve({ output: socket, input: socket, close: () => socket.destroy() });
  });
  outgoing.on("response", (response) => {
    const status = response.statusCode ?? 0;
    if (status === 200) {
      // The response lets go of its socket when it ends, which may be before anybody closes it.
      const { socket } = response;
      resolve({ output: response, input: socket, close: () => socket.destroy() });
      return;
    }
    readText(response).then(
      (text) => reject(new DaemonFailure(status, reasonOf(text, response.statusMessage ?? ""))),
      (error: unknown) => reject(new Failure("attach: the answer broke off", { cause: error })),
    );
  });
  outgoing.on("error", (error) => {
    reject(signal.aborted ? signal.reason : connectionFailure(error, transport.endpoint));
  });
  outgoing.end(body);
  return promise;
}

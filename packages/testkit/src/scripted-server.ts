import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface ScriptedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface ScriptedServer {
  /** e.g. `127.0.0.1:40123` */
  readonly host: string;
  /** e.g. `http://127.0.0.1:40123` */
  readonly url: string;
  /** Everything asked so far, in order. */
  readonly requests: readonly ScriptedRequest[];
  readonly stop: () => Promise<void>;
}

export type Script = (request: ScriptedRequest, response: ServerResponse) => void;

/** A plain HTTP server on a free loopback port that remembers what it was asked and answers as scripted. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const request = {
        method: incoming.method ?? "",
        url: incoming.url ?? "",
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(request);
      script(request, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("server has no port");
  const host = `127.0.0.1:${address.port}`;
  const stop = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { host, url: `http://${host}`, requests, stop };
}

import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly range: string | undefined;
}

export interface HeldBlob {
  /** Resolves when the client has been sent those bytes. */
  readonly held: Promise<void>;
  /** Resolves when the client has hung up. */
  readonly hungUp: Promise<void>;
}

export interface RegistryProxy extends AsyncDisposable {
  /** e.g. `127.0.0.1:40123` */
  readonly host: string;
  /** Everything asked since `forget`, in order. */
  readonly requests: readonly ProxiedRequest[];
  readonly forget: () => void;
  /** Holds back the rest of the next blob's answer after some of its bytes: the only way on is that the client hangs up. */
  readonly holdNextBlobAfter: (bytes: number) => HeldBlob;
}

/** Stands in front of a registry, counts what is asked of it, and can stop in the middle of a blob. */
export async function startRegistryProxy(registry: string): Promise<RegistryProxy> {
  let requests: ProxiedRequest[] = [];
  let hold: { readonly bytes: number; readonly held: () => void; readonly hungUp: () => void } | undefined;

  const relay = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers } = incoming;
    requests.push({ method, url, range: headers.range });
    const asked = request(`${registry}${url}`, { method, headers, agent: false });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      asked.once("response", resolve);
      asked.once("error", reject);
    });
    const [upstream] = await Promise.all([answer, pipeline(incoming, asked)]);
    response.writeHead(upstream.statusCode ?? 502, upstream.headers);
    const size = Number(upstream.headers["content-length"] ?? 0);
    if (hold === undefined || method !== "GET" || !url.includes("/blobs/") || size <= hold.bytes) {
      await pipeline(upstream, response);
      return;
    }
    const { bytes, held, hungUp } = hold;
    hold = undefined;
    response.once("close", hungUp);
    let left = bytes;
    for await (const chunk of upstream) {
      if (!Buffer.isBuffer(chunk)) continue;
      response.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) continue;
      held();
      return;
    }
  };

  const server = createServer((incoming, response) => {
    // A client that hangs up is what some tests are about.
    relay(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("proxy has no port");
  return {
    host: `127.0.0.1:${String(address.port)}`,
    get requests() {
      return requests;
    },
    forget: () => {
      requests = [];
    },
    holdNextBlobAfter: (bytes) => {
      const [held, hungUp] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      hold = { bytes, held: held.resolve, hungUp: hungUp.resolve };
      return { held: held.promise, hungUp: hungUp.promise };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

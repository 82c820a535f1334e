import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";

export interface ApiRequestOptions {
  /** An object is sent as JSON, bytes as they are. */
  readonly body?: Uint8Array | Readonly<Record<string, unknown>> | readonly unknown[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** One HTTP request on a UNIX socket, path and query as written. */
export async function requestApi(
  socketPath: string,
  method: string,
  path: string,
  { body, headers = {} }: ApiRequestOptions = {},
): Promise<ApiAnswer> {
  const isBytes = body instanceof Uint8Array;
  const type = isBytes ? "application/x-tar" : "application/json";
  // A connection of its own, since what listens there may be another by the next request; kept open, since who closes it with the
  // answer would cut off a client that is still sending.
  const agent = new Agent({ keepAlive: true });
  const sent = request({
    socketPath,
    agent,
    method,
    path,
    headers: { ...(body === undefined ? {} : { "Content-Type": type }), ...headers },
    signal: AbortSignal.timeout(60_000),
  });
  const answered = Promise.withResolvers<ApiAnswer>();
  sent.once("error", answered.reject);
  sent.once("response", (response) => {
    text(response).then(
      (body) => answered.resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      answered.reject,
    );
  });
  sent.end(body === undefined || isBytes ? body : JSON.stringify(body));
  try {
    return await answered.promise;
  } finally {
    agent.destroy();
  }
}

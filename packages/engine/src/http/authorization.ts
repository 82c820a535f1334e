import type { ShownResponse } from "../core/authorization/question.ts";
import {
  isJsonType,
  requireOneReading,
  shownHeaders,
  shownRequestBytes,
  shownTarget,
  tooLarge,
} from "../core/authorization/shown.ts";
import { EngineError, isCanceled } from "../core/errors.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";
import type { Authorization, AuthorizationChain } from "../services/authorization/authorization-chain.ts";
import { requireExact } from "./exact-json.ts";
import type { ApiReply } from "./reply.ts";
import { type RequestBody, requestBody } from "./request-body.ts";
import type { ApiRequest, Handler, Middleware } from "./route.ts";
import { showError, showReply } from "./shown-reply.ts";

export interface AuthorizationOptions {
  readonly chain: Pick<AuthorizationChain, "begin">;
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Puts plugins in front of the API: each request is asked about with its body before anything is done, each answer before its first
 * byte is sent. https://docs.docker.com/engine/extend/plugins_authorization/
 */
export function authorization({ chain, headers }: AuthorizationOptions): Middleware {
  return async (request, next) => {
    const asking = chain.begin(request.signal);
    if (asking === undefined) return next(request);
    requireOneReading(request.origin.rawQuery, request.origin.rawHeaders);
    const { shown, body } = await showBody(request);
    await asking.allowRequest({ ...whoAsks(request), ...whatIsAsked(request), body: shown });
    return await answered({ ...request, body }, next, { asking, headers });
  };
}

async function answered(
  request: ApiRequest,
  next: Handler,
  { asking, headers }: { readonly asking: Authorization; readonly headers: Readonly<Record<string, string>> },
): Promise<ApiReply> {
  const denied = new AbortController();
  const signal = AbortSignal.any([request.signal, denied.signal]);
  const context = { request, headers, hideBody: isLogin(request) };
  let answer: ApiReply;
  try {
    answer = await next({ ...request, signal });
  } catch (error) {
    if (isCanceled(error) && request.signal.aborted) throw error;
    await allowError(asking, showError(error, context), error);
    throw error;
  }
  try {
    const { reply, shown } = showReply(answer, context);
    await asking.allowResponse(shown);
    return reply;
  } catch (error) {
    // What the handler holds ready for a stream that will not be sent is let go of.
    denied.abort(new EngineError("canceled", "the answer was denied"));
    await discard(answer);
    throw error;
  }
}

/** Errors tell things, too. A fault behind one that is denied is told to the log all the same. */
async function allowError(asking: Authorization, shown: ShownResponse, fault: unknown): Promise<void> {
  try {
    await asking.allowResponse(shown);
  } catch (denial) {
    if (!(denial instanceof EngineError)) throw denial;
    throw new EngineError(denial.kind, denial.message, { cause: fault });
  }
}

function whoAsks({ origin }: ApiRequest) {
  const client = origin.client();
  return client === undefined
    ? { user: "", userAuthNMethod: "", peerCertificates: [] }
    : {
        user: client.commonName,
        userAuthNMethod: "TLS",
        peerCertificates: [Buffer.from(client.certificate, "utf8").toString("base64")],
      };
}

const whatIsAsked = ({ method, origin }: ApiRequest) => ({
  method,
  target: shownTarget(origin.rawPath, origin.rawQuery),
  headers: shownHeaders(origin.rawHeaders),
});

/** Its body is a password. */
const isLogin = ({ method, path }: ApiRequest): boolean => method === "POST" && path === "/auth";

/**
 * The body as plugins see it, and as the handler is to read it. Bodies that are not JSON by their type are the handler's alone, as they come;
 * whoever reads one of them as JSON all the same finds it refused.
 */
async function showBody(
  request: ApiRequest,
): Promise<{ readonly shown: string; readonly body: RequestBody }> {
  const { headers, body, origin } = request;
  if (!origin.hasBody || isLogin(request)) return { shown: "", body };
  const contentType = headers["content-type"];
  if (!isJsonType(contentType)) return { shown: "", body: unshown(body, contentType) };
  if (Number(headers["content-length"] ?? 0) > shownRequestBytes)
    throw tooLarge("request", shownRequestBytes);
  const bytes = await whole(body.bytes());
  return {
    shown: bytes.toString("base64"),
    body: requestBody(once(bytes), { contentType, check: requireExact }),
  };
}

function unshown(body: RequestBody, contentType: string | undefined): RequestBody {
  return {
    bytes: () => body.bytes(),
    async json(schema, options) {
      for await (const chunk of body.bytes()) {
        if (chunk.byteLength === 0) continue;
        throw new EngineError(
          "forbidden",
          `request body of type "${contentType ?? ""}" cannot be shown to authorization plugins: must be 'application/json'`,
        );
      }
      return await requestBody(once(new Uint8Array()), { contentType }).json(schema, options);
    },
  };
}

async function whole(source: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > shownRequestBytes) throw tooLarge("request", shownRequestBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array): ByteStream {
  if (bytes.byteLength > 0) yield bytes;
}

async function discard(answer: ApiReply): Promise<void> {
  if (answer.kind === "bytes") await answer.bytes[Symbol.asyncIterator]().return?.();
  if (answer.kind === "json-lines") await answer.values[Symbol.asyncIterator]().return?.();
}

import type { ShownResponse } from "../core/authorization/question.ts";
import { isJsonType, shownHeaders, shownResponseBytes, tooLarge } from "../core/authorization/shown.ts";
import { messageOf } from "../core/errors.ts";
import { statusOf } from "./error-status.ts";
import { type ApiReply, reply } from "./reply.ts";
import type { ApiRequest } from "./route.ts";

export interface ShowContext {
  readonly request: ApiRequest;
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the body holds secrets. */
  readonly hideBody: boolean;
}

/** A reply as plugins see it before it is sent, and the one to send, which is just that. */
export interface ShownReply {
  readonly reply: ApiReply;
  readonly shown: ShownResponse;
}

/** What has an end of its own is shown whole; streams, and connections that are taken over, by what begins them. */
export function showReply(answer: ApiReply, context: ShowContext): ShownReply {
  const sent = answer.kind === "json" ? asText(answer) : answer;
  return { reply: sent, shown: shownAs(context, beginningOf(sent, context.request)) };
}

interface Beginning {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** All that follows, where it is known. */
  readonly text?: string;
}

function beginningOf(answer: ApiReply, request: ApiRequest): Beginning {
  if (answer.kind === "empty") return answer;
  if (answer.kind === "text") {
    const headers = { "Content-Type": "text/plain; charset=utf-8", ...answer.headers };
    return { ...answer, headers };
  }
  if (answer.kind === "websocket") return { status: 101 };
  if (answer.kind === "hijack") {
    const isUpgrade = request.headers.upgrade !== undefined;
    return { status: isUpgrade ? 101 : 200, headers: { "Content-Type": answer.contentType } };
  }
  const type = answer.kind === "bytes" ? "application/octet-stream" : "application/json";
  return { status: 200, headers: { "Content-Type": type, ...answer.headers } };
}

/** A failure as it will be told. */
export const showError = (error: unknown, context: ShowContext): ShownResponse =>
  shownAs(context, {
    status: statusOf(error),
    headers: { "Content-Type": "application/json" },
    text: `${JSON.stringify({ message: messageOf(error) })}\n`,
  });

/** Written once: what plugins have seen is sent byte by byte. */
const asText = ({ value, status, headers }: Extract<ApiReply, { readonly kind: "json" }>): ApiReply =>
  reply.text(`${JSON.stringify(value)}\n`, status, { "Content-Type": "application/json", ...headers });

function shownAs(
  { headers: common, hideBody }: ShowContext,
  { status, headers, text = "" }: Beginning,
): ShownResponse {
  const all: Readonly<Record<string, string>> = { ...common, ...headers };
  const body = isJsonType(all["Content-Type"]) && !hideBody ? Buffer.from(text, "utf8") : Buffer.alloc(0);
  if (body.byteLength > shownResponseBytes) throw tooLarge("response", shownResponseBytes);
  return { status, headers: shownHeaders(Object.entries(all)), body: body.toString("base64") };
}

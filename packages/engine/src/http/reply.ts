import type { Progress } from "@davit/protocol";
import type { ByteStream } from "../core/ports/byte-stream.ts";

export type ReplyHeaders = Readonly<Record<string, string>>;

/** Sends one line of progress. Mere updates of a byte count may be left out for a client that reads slowly. */
export type EmitProgress = (progress: Progress) => void;

/** The client's connection once it carries raw bytes both ways. */
export interface HijackedConnection {
  /** What the client sends; ends when it closes its sending half. To be read once. */
  readonly input: ByteStream;
  /** Resolves when there is room for more; fails with kind canceled if the client is gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

/** What a handler answers, as a value; the server sends it. */
export type ApiReply =
  | { readonly kind: "empty"; readonly status: number; readonly headers?: ReplyHeaders }
  | {
      readonly kind: "json";
      readonly status: number;
      readonly value: unknown;
      readonly headers?: ReplyHeaders;
    }
  | { readonly kind: "text"; readonly status: number; readonly text: string; readonly headers?: ReplyHeaders }
  | { readonly kind: "late-json"; readonly value: () => Promise<unknown>; readonly headers?: ReplyHeaders }
  | {
      readonly kind: "progress";
      readonly run: (emit: EmitProgress) => Promise<void>;
      readonly headers?: ReplyHeaders;
    }
  | {
      readonly kind: "json-lines";
      readonly values: AsyncIterable<unknown>;
      readonly headers?: ReplyHeaders;
    }
  | { readonly kind: "bytes"; readonly bytes: ByteStream; readonly headers?: ReplyHeaders }
  | {
      readonly kind: "hijack";
      readonly contentType: string;
      readonly run: (connection: HijackedConnection) => Promise<void>;
    }
  | {
      readonly kind: "websocket";
      /** What is written goes out in binary messages, else in text ones, whatever it is. */
      readonly binary: boolean;
      readonly run: (connection: HijackedConnection) => Promise<void>;
    };

const withHeaders = (headers: ReplyHeaders | undefined) => (headers === undefined ? {} : { headers });

/** One constructor for each kind of reply. */
export const reply = {
  empty: (status: number, headers?: ReplyHeaders): ApiReply => ({
    kind: "empty",
    status,
    ...withHeaders(headers),
  }),

  json: (value: unknown, status = 200, headers?: ReplyHeaders): ApiReply => ({
    kind: "json",
    status,
    value,
    ...withHeaders(headers),
  }),

  text: (text: string, status = 200, headers?: ReplyHeaders): ApiReply => ({
    kind: "text",
    status,
    text,
    ...withHeaders(headers),
  }),

  /** Status 200 and headers at once, the JSON when it is known: `wait`. `value` starts after they are sent. */
  lateJson: (value: () => Promise<unknown>, headers?: ReplyHeaders): ApiReply => ({
    kind: "late-json",
    value,
    ...withHeaders(headers),
  }),

  /**
   * A progress stream. Headers go out with the first line, so that a failure before it has its real status; a
   * later one becomes the stream's last line.
   */
  progress: (run: (emit: EmitProgress) => Promise<void>, headers?: ReplyHeaders): ApiReply => ({
    kind: "progress",
    run,
    ...withHeaders(headers),
  }),

  /** JSON values, a line each, headers at once. `Content-Type` is `application/json` unless given. */
  jsonLines: (values: AsyncIterable<unknown>, headers?: ReplyHeaders): ApiReply => ({
    kind: "json-lines",
    values,
    ...withHeaders(headers),
  }),

  /** Raw bytes, headers at once. */
  bytes: (bytes: ByteStream, headers?: ReplyHeaders): ApiReply => ({
    kind: "bytes",
    bytes,
    ...withHeaders(headers),
  }),

  /**
   * Takes the connection over; only on a route with `hijack: true`. The answer (101 or 200) is sent before `run`, and
   * the connection closed after it.
   */
  hijack: (contentType: string, run: (connection: HijackedConnection) => Promise<void>): ApiReply => ({
    kind: "hijack",
    contentType,
    run,
  }),

  /** Makes a websocket of the connection; only on a route with `hijack: "websocket"`, for a request that asks for one. */
  websocket: (
    { binary }: { readonly binary: boolean },
    run: (connection: HijackedConnection) => Promise<void>,
  ): ApiReply => ({ kind: "websocket", binary, run }),
};

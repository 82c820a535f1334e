import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { describeIssue } from "@davit/protocol";
import type * as z from "zod";
import { DaemonFailure, Failure } from "../failure.ts";
import { negotiateApiVersion } from "./api-version.ts";
import type { Endpoint } from "./endpoint.ts";
import { type HijackedStream, hijack } from "./hijack.ts";
import { parseJson } from "./json-text.ts";
import { readLines, readText } from "./read-body.ts";
import { reasonOf } from "./refusal.ts";
import { Transport } from "./transport.ts";

export interface ApiRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Below the version prefix. */
  readonly path: string;
  /** Undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, chunked; give its type in `headers`. */
  readonly body?: Readable;
  readonly signal: AbortSignal;
}

/** A typed way to the Engine API; the version is negotiated with the first request. */
export class EngineClient {
  readonly #transport: Transport;
  readonly #pinnedVersion: string | undefined;
  #version: Promise<string> | undefined;

  constructor(
    endpoint: Endpoint,
    options: {
      readonly apiVersion?: string | undefined;
      /** Sent with every request. */
      readonly headers?: Readonly<Record<string, string>> | undefined;
    } = {},
  ) {
    this.#transport = new Transport(endpoint, options.headers);
    this.#pinnedVersion = options.apiVersion || undefined;
  }

  get endpoint(): Endpoint {
    return this.#transport.endpoint;
  }

  /** The API version both sides speak; a connection is made to learn it. */
  apiVersion(signal: AbortSignal): Promise<string> {
    this.#version ??= this.#negotiate(signal);
    return this.#version;
  }

  /** Resolves at the head of a successful answer. */
  async send(request: ApiRequest): Promise<IncomingMessage> {
    const response = await this.#transport.send({
      method: request.method,
      path: await this.#pathOf(request),
      headers: {
        ...(request.json === undefined ? {} : { "Content-Type": "application/json" }),
        // Some daemons refuse a chunked empty body.
        ...(request.json === undefined &&
        request.body === undefined &&
        request.method !== "GET" &&
        request.method !== "HEAD"
          ? { "Content-Length": "0" }
          : {}),
        ...request.headers,
      },
      ...bodyOf(request),
      signal: request.signal,
    });
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304) return response;
    const body = await readText(response);
    throw new DaemonFailure(status, reasonOf(body, response.statusMessage ?? ""), body);
  }

  /** Does something whose answer has no content. */
  async run(request: ApiRequest): Promise<void> {
    await readText(await this.send(request));
  }

  /** The answer's JSON, checked. */
  async json<Schema extends z.ZodType>(schema: Schema, request: ApiRequest): Promise<z.output<Schema>> {
    return check(schema, await this.raw(request), request.path);
  }

  /** The answer's JSON as it is, integers of any size kept. */
  async raw(request: ApiRequest): Promise<unknown> {
    return parseJson(await readText(await this.send(request)), request.path);
  }

  /** The JSON objects of a stream, checked, as they come. */
  async *stream<Schema extends z.ZodType>(
    schema: Schema,
    request: ApiRequest,
    onResponse?: (response: IncomingMessage) => void,
  ): AsyncGenerator<z.output<Schema>> {
    const response = await this.send(request);
    onResponse?.(response);
    for await (const line of readLines(response))
      yield check(schema, parseJson(line, request.path), request.path);
  }

  /** Takes the connection over as a byte stream in both directions. */
  async hijack(request: ApiRequest): Promise<HijackedStream> {
    return hijack(this.#transport, {
      path: await this.#pathOf(request),
      json: request.json,
      signal: request.signal,
    });
  }

  close(): void {
    this.#transport.close();
  }

  async #pathOf(request: ApiRequest): Promise<string> {
    const version = await this.apiVersion(request.signal);
    return `/v${version}${request.path}${queryText(request.query ?? {})}`;
  }

  async #negotiate(signal: AbortSignal): Promise<string> {
    if (this.#pinnedVersion !== undefined) return this.#pinnedVersion;
    let response = await this.#transport.send({ method: "HEAD", path: "/_ping", signal });
    response.resume();
    if (response.statusCode !== 200) {
      response = await this.#transport.send({ method: "GET", path: "/_ping", signal });
      response.resume();
    }
    const spoken = response.headers["api-version"];
    return negotiateApiVersion(typeof spoken === "string" ? spoken : undefined);
  }
}

function bodyOf(request: ApiRequest): { body?: string | Readable } {
  if (request.body !== undefined) return { body: request.body };
  return request.json === undefined ? {} : { body: JSON.stringify(request.json) };
}

function queryText(query: NonNullable<ApiRequest["query"]>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const item of value) params.append(key, item);
    else params.append(key, typeof value === "boolean" ? (value ? "1" : "0") : String(value));
  }
  return params.size === 0 ? "" : `?${params.toString()}`;
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure(`unexpected answer from daemon to ${path}: ${describeIssue(parsed.error)}`);
}

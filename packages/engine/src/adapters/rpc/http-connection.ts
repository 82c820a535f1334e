import { addAbortSignal } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { pluginMediaType } from "@davit/protocol";
import { errors, Pool } from "undici";
import { EngineError, errnoOf, messageOf, PluginRefusal, PluginUnreachable } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type {
  CallOptions,
  ConnectionOptions,
  PluginAddress,
  PluginConnection,
} from "../../core/ports/plugin-connection.ts";
import { dialError, isConnectFailure } from "./dial-error.ts";
import { tlsOptions } from "./tls-options.ts";

/** The largest answer that is read; a plugin that sends more is at fault. */
const maxAnswerBytes = 16 * 1024 * 1024;
const maxRefusalBytes = 64 * 1024;
const socketOrigin = "http://plugin.moby.localhost";
const keepAliveMs = 30_000;

/** Calls to one plugin: a pool of kept-alive connections, opened as calls need them. */
export class HttpConnection implements PluginConnection {
  readonly #pool: Pool;
  /** Answers that may go on for ever hold up nothing else. */
  readonly #streams: Pool;
  readonly #address: PluginAddress;
  readonly #origin: string;
  readonly #timeoutMs: number;

  constructor(address: PluginAddress, { timeoutMs }: Pick<ConnectionOptions, "timeoutMs">) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.#origin = "socketPath" in address ? socketOrigin : address.origin;
    const options = {
      ...("socketPath" in address ? { socketPath: address.socketPath } : {}),
      ...("origin" in address && address.tls !== undefined ? { connect: tlsOptions(address.tls) } : {}),
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    // As many as there are calls: those that hang, or that wait for another call, hold up nothing else.
    this.#pool = new Pool(this.#origin, { ...options, maxResponseSize: maxAnswerBytes });
    this.#streams = new Pool(this.#origin, options);
  }

  async call(method: string, body: object | undefined, options: CallOptions): Promise<unknown> {
    const { signal, describe } = deadline([options.timeoutMs ?? 0, this.#timeoutMs], options.signal);
    try {
      const response = await this.#post(this.#pool, method, body, signal);
      return readAnswer(method, response.statusCode, await response.body.text());
    } catch (error) {
      throw this.#explain(method, error, options.signal, describe);
    }
  }

  async stream(method: string, body: object | undefined, options: CallOptions): Promise<ByteStream> {
    const { signal, describe } = deadline([options.timeoutMs ?? 0], options.signal);
    // The bound is on the beginning of the answer alone.
    const sending = new AbortController();
    const cancel = (): void => sending.abort(signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const response = await this.#post(this.#streams, method, body, sending.signal);
      if (response.statusCode !== 200)
        throw refusal(method, response.statusCode, await beginningOf(response.body));
      return options.signal === undefined ? response.body : addAbortSignal(options.signal, response.body);
    } catch (error) {
      throw this.#explain(method, error, options.signal, describe);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  close(): void {
    void this.#pool.destroy();
    void this.#streams.destroy();
  }

  /**
   * A plugin on a UNIX socket whose queue of connections is full refuses more with EAGAIN. Nothing tells when there is room, and
   * nothing has been sent: tried again, for about a second.
   */
  async #post(pool: Pool, method: string, body: object | undefined, signal: AbortSignal | null) {
    const sent = body === undefined ? null : `${JSON.stringify(body)}\n`;
    for (let delayMs = 4; ; delayMs *= 2) {
      try {
        return await pool.request({
          method: "POST",
          path: `/${method}`,
          headers: { accept: pluginMediaType, "user-agent": "Go-http-client/1.1" },
          body: sent,
          signal,
        });
      } catch (error) {
        if (errnoOf(error) !== "EAGAIN" || delayMs > 512) throw error;
        await setTimeout(delayMs, undefined, signal === null ? {} : { signal });
      }
    }
  }

  #explain(
    method: string,
    error: unknown,
    client: AbortSignal | undefined,
    timeout: () => string | undefined,
  ): EngineError {
    if (error instanceof EngineError) return error;
    if (client?.aborted === true) {
      return new EngineError("canceled", `${method}: the caller went away`, { cause: error });
    }
    const asked = `Post "${this.#origin}/${method}"`;
    const late = timeout();
    if (late !== undefined) return new EngineError("unavailable", `${asked}: ${late}`, { cause: error });
    if (error instanceof errors.ResponseExceededMaxSizeError) {
      const reason = `answer of more than ${maxAnswerBytes} bytes`;
      return new EngineError("unavailable", `${asked}: ${reason}`, { cause: error });
    }
    if (isConnectFailure(error)) {
      return new PluginUnreachable(`${asked}: ${dialError(this.#address, error)}`, { cause: error });
    }
    return new EngineError("unavailable", `${asked}: ${messageOf(error)}${this.#hint(error)}`, {
      cause: error,
    });
  }

  /** Some servers hang up without a word on who does not prove who they are. */
  #hint(error: unknown): string {
    const isHungUp = error instanceof errors.SocketError;
    const tls = "origin" in this.#address ? this.#address.tls : undefined;
    return isHungUp && tls !== undefined && tls.cert === undefined
      ? " (it may want a client's certificate: there is no TLSConfig.CertFile)"
      : "";
  }
}

/** The earliest of the bounds (0 is none) and the caller's own signal, as one signal. */
function deadline(boundsMs: readonly number[], caller: AbortSignal | undefined) {
  const boundMs = Math.min(...boundsMs.filter((ms) => ms > 0));
  const timer = Number.isFinite(boundMs) ? AbortSignal.timeout(boundMs) : undefined;
  const signals = [timer, caller].filter((signal) => signal !== undefined);
  return {
    signal: signals.length === 0 ? null : AbortSignal.any(signals),
    describe: () => (timer?.aborted === true ? `no answer within ${boundMs / 1000} s` : undefined),
  };
}

/** What is told of a failure is read to its end or to a bound, where nobody else bounds it. */
async function beginningOf(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes >= maxRefusalBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8", 0, maxRefusalBytes);
}

/** An answer is a status of 200 and a JSON value, or nothing; anything else is the plugin's error. */
function readAnswer(method: string, status: number, text: string): unknown {
  if (status !== 200) throw refusal(method, status, text);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EngineError("internal", `${method}: undecodable answer: ${messageOf(error)}`, { cause: error });
  }
}

const refusal = (method: string, status: number, text: string): PluginRefusal =>
  new PluginRefusal(`${method}: ${errField(text) ?? text}`, status);

function errField(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("Err" in value)) return undefined;
    return typeof value.Err === "string" && value.Err !== "" ? value.Err : undefined;
  } catch {
    return undefined;
  }
}

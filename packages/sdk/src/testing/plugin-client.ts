import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";

export interface PluginAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Calls a plugin as an engine does: POST, no Content-Type, kept-alive connections. */
export class PluginClient {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async call(
    method: string,
    body = "",
    options: { readonly verb?: string; readonly signal?: AbortSignal } = {},
  ): Promise<PluginAnswer> {
    return await new Promise((done, fail) => {
      const call = request(
        {
          socketPath: this.#socketPath,
          path: `/${method}`,
          method: options.verb ?? "POST",
          agent: this.#agent,
          headers: { "content-length": Buffer.byteLength(body) },
          ...(options.signal !== undefined && { signal: options.signal }),
        },
        (response) => {
          const { statusCode: status, headers } = response;
          text(response).then((body) => done({ status, headers, body }), fail);
        },
      );
      call.once("error", fail);
      call.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

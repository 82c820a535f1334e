import { request } from "node:http";
import { text } from "node:stream/consumers";

/** Where a plugin that collects metrics finds the engine's. */
export const engineMetricsSocket = "/run/docker/metrics.sock";

export interface ReadMetricsOptions {
  readonly signal?: AbortSignal;
  /** Default: `engineMetricsSocket`. */
  readonly socket?: string;
}

/**
 * What the engine tells of itself now, in Prometheus' text format. Connects anew each time: the socket is another one after the
 * engine was started anew.
 */
export async function readEngineMetrics({
  signal,
  socket = engineMetricsSocket,
}: ReadMetricsOptions = {}): Promise<string> {
  return await new Promise((done, fail) => {
    const asking = request(
      { socketPath: socket, path: "/metrics", agent: false, ...(signal !== undefined && { signal }) },
      (response) => {
        text(response).then((body) => {
          if (response.statusCode === 200) done(body);
          else fail(new Error(`GET /metrics: status ${String(response.statusCode)}: ${body.trim()}`));
        }, fail);
      },
    );
    asking.once("error", fail);
    asking.end();
  });
}

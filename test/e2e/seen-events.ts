import { request } from "node:http";
import type { TestEngine } from "@davit/testkit";

/** Resolves when an action has happened (to a container) so often since the engine started, those that are past counted. */
export async function seenEvents(
  engine: TestEngine,
  { container, action, count = 1 }: { container?: string; action: string; count?: number },
): Promise<void> {
  const filters = encodeURIComponent(
    JSON.stringify({ ...(container === undefined ? {} : { container: [container] }), event: [action] }),
  );
  const signal = AbortSignal.timeout(30_000);
  const sent = request({ socketPath: engine.socket, path: `/events?since=1&filters=${filters}`, signal });
  const seen = Promise.withResolvers<void>();
  let left = count;
  sent.once("error", seen.reject);
  sent.once("response", (response) => {
    // Torn down below in the middle of the stream, which nobody waits for any more then.
    response.on("error", seen.reject);
    response.setEncoding("utf8").on("data", (text: string) => {
      left -= text.split("\n").length - 1;
      if (left <= 0) seen.resolve();
    });
  });
  sent.end();
  await seen.promise;
  sent.destroy();
}

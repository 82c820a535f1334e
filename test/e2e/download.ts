import { createWriteStream } from "node:fs";
import { request } from "node:http";
import { pipeline } from "node:stream/promises";
import type { TestEngine } from "@davit/testkit";

export interface Download {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Asks the engine's API for a file. */
export async function download(engine: TestEngine, path: string, file: string): Promise<Download> {
  const answered = Promise.withResolvers<Download>();
  const sent = request({ socketPath: engine.socket, path });
  sent.once("error", answered.reject);
  sent.once("response", (response) => {
    pipeline(response, createWriteStream(file)).then(
      () => answered.resolve({ status: response.statusCode ?? 0, headers: response.headers }),
      answered.reject,
    );
  });
  sent.end();
  return await answered.promise;
}

import { isCanceled } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ProcessLogs } from "../../core/ports/logs.ts";

/** Copies what a plugin writes from now on to the engine's log: standard output as info, standard error as error. */
export function forwardOutput(
  { logs, logger }: { readonly logs: ProcessLogs; readonly logger: Logger },
  id: string,
  path: string,
  exited: Promise<unknown>,
  signal: AbortSignal,
): void {
  const pluginLogger = logger.child({ plugin: id });
  const until = exited.catch(() => undefined);
  const copy = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let begun = "";
    for await (const entry of logs.read(path, { follow: true, tail: 0, until, signal })) {
      const text = begun + decoder.decode(entry.bytes);
      begun = entry.partial ? text : "";
      if (entry.partial) continue;
      if (entry.stream === "stderr") pluginLogger.error({}, text);
      else pluginLogger.info({}, text);
    }
    if (begun !== "") pluginLogger.info({}, begun);
  };
  copy().catch((error: unknown) => {
    if (!isCanceled(error)) logger.warn({ plugin: id, err: error }, "output of a plugin cannot be followed");
  });
}

const reportedLines = 3;

/** The last lines that a plugin wrote since it was started, for the report of a failed start; "" if there are none. */
export async function lastLines(logs: ProcessLogs, path: string, since: Date): Promise<string> {
  const lines: string[] = [];
  const decoder = new TextDecoder();
  for await (const { bytes } of logs.read(path, { tail: reportedLines, since }))
    lines.push(decoder.decode(bytes).trim());
  return lines
    .filter((line) => line !== "")
    .join(" | ")
    .slice(0, 1000);
}

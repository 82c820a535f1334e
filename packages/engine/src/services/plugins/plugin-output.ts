import { isCanceled } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ProcessLogs } from "../../core/ports/logs.ts";

/** In characters; a longer line is told in pieces, so that one without an end takes no memory. */
const longestLine = 64 * 1024;

const decodeText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Copies what a plugin writes from now on to the engine's log: standard output as info, standard error as error. */
export function forwardOutput(
  { logs, logger }: { readonly logs: Pick<ProcessLogs, "read">; readonly logger: Logger },
  id: string,
  path: string,
  exited: Promise<unknown>,
  signal: AbortSignal,
): void {
  const pluginLogger = logger.child({ plugin: id });
  const until = exited.catch(() => undefined);
  const copy = async (): Promise<void> => {
    const begun = { stdout: "", stderr: "" };
    const tell = (stream: keyof typeof begun): void => {
      if (stream === "stderr") pluginLogger.error({}, begun.stderr);
      else pluginLogger.info({}, begun.stdout);
      begun[stream] = "";
    };
    for await (const { stream, bytes, partial } of logs.read(path, {
      follow: true,
      tail: 0,
      until,
      signal,
    })) {
      begun[stream] += decodeText(bytes);
      if (!partial || begun[stream].length > longestLine) tell(stream);
    }
    for (const stream of ["stdout", "stderr"] as const) if (begun[stream] !== "") tell(stream);
  };
  copy().catch((error: unknown) => {
    if (!isCanceled(error)) logger.warn({ plugin: id, err: error }, "output of a plugin cannot be followed");
  });
}

const reportedLines = 3;

/** The last lines that a plugin wrote since it was started, for the report of a failed start; "" if there are none. */
export async function lastLines(logs: Pick<ProcessLogs, "read">, path: string, since: Date): Promise<string> {
  const lines: string[] = [];
  for await (const { bytes } of logs.read(path, { tail: reportedLines, since }))
    lines.push(decodeText(bytes).trim());
  return lines
    .filter((line) => line !== "")
    .join(" | ")
    .slice(0, 1000);
}

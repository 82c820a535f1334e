import type { ServerResponse } from "node:http";
import type { Progress } from "@davit/protocol";
import { messageOf } from "../core/errors.ts";
import type { EmitProgress, ReplyHeaders } from "./reply.ts";

/** Past this much unsent output, lines that only move a bar are left out. */
const backlogBytes = 256 * 1024;

/**
 * Runs work that tells of its progress, one object a line ended by `\r\n`. A failure before the first line is thrown
 * to the caller, nothing having been sent; a later one is told in the stream, and then `onLateError`.
 */
export async function sendProgress(
  response: ServerResponse,
  work: {
    readonly run: (emit: EmitProgress) => Promise<void>;
    readonly headers?: ReplyHeaders;
    readonly onLateError: (error: unknown) => void;
  },
): Promise<void> {
  const begin = () => {
    if (response.headersSent) return;
    response.writeHead(200, { "Content-Type": "application/json", ...work.headers });
    response.flushHeaders();
  };
  const emit: EmitProgress = (progress) => {
    if (response.destroyed || response.writableEnded) return;
    begin();
    if (isBarUpdate(progress) && response.writableLength > backlogBytes) return;
    response.write(`${JSON.stringify(progress)}\r\n`);
  };
  try {
    await work.run(emit);
  } catch (error) {
    if (!response.headersSent) throw error;
    const message = messageOf(error);
    emit({ errorDetail: { message }, error: message });
    work.onLateError(error);
  }
  begin();
  response.end();
}

const isBarUpdate = ({ progressDetail, error }: Progress): boolean =>
  error === undefined && progressDetail?.current !== undefined;

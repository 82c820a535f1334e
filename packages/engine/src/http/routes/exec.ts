import { execCreateBodySchema, execStartBodySchema } from "@davit/protocol";
import { messageOf } from "../../core/errors.ts";
import type { OutputChunk } from "../../services/containers/output-chunks.ts";
import type { ExecSessions } from "../../services/exec/exec-sessions.ts";
import { type HijackedConnection, reply } from "../reply.ts";
import type { Route } from "../route.ts";
import { outputContentType, streamFrame } from "../stream-frame.ts";

export const execRoutes = (sessions: ExecSessions): readonly Route[] => [
  {
    method: "POST",
    path: "/containers/{id:.*}/exec",
    handle: async ({ param, body }) => {
      const wanted = await body.json(execCreateBodySchema);
      return reply.json({ Id: sessions.create(param("id"), wanted) }, 201);
    },
  },
  {
    method: "POST",
    path: "/exec/{id}/start",
    hijack: "after-body",
    handle: async ({ param, body, version, signal }) => {
      const { Detach, Tty: tty, ConsoleSize } = await body.json(execStartBodySchema, { whenEmpty: {} });
      const id = param("id");
      sessions.requireKnown(id);
      if (Detach) {
        await sessions.startDetached(id);
        return reply.empty(200);
      }
      return reply.hijack(outputContentType(version, { tty }), (connection) =>
        runAttached(sessions, { id, tty, size: terminalSize(ConsoleSize), signal }, connection),
      );
    },
  },
  {
    method: "POST",
    path: "/exec/{id}/resize",
    handle: async ({ param, query }) => {
      const size = { rows: query.int("h"), columns: query.int("w") };
      await sessions.resize(param("id"), size);
      return reply.empty(200);
    },
  },
  {
    method: "GET",
    path: "/exec/{id}/json",
    handle: async ({ param }) => reply.json(sessions.inspect(param("id"))),
  },
];

interface AttachedExec {
  readonly id: string;
  /** The client's word on whether it wants frames. */
  readonly tty: boolean;
  readonly size: { readonly rows: number; readonly columns: number } | undefined;
  readonly signal: AbortSignal;
}

/** The status is out by the time that it is run, so a failure is told in the stream, as the Engine does. */
async function runAttached(
  sessions: ExecSessions,
  { id, tty, size, signal }: AttachedExec,
  { input, write }: HijackedConnection,
): Promise<void> {
  const send = ({ stream, bytes }: OutputChunk): Promise<void> =>
    write(tty ? bytes : streamFrame(stream, bytes));
  try {
    const running = await sessions.start(id, size, signal);
    const sending = running.input(input);
    // Told when the output has ended; until then the output matters more.
    sending.catch(() => undefined);
    for await (const chunk of running.output) await send(chunk);
    await sending;
  } catch (error) {
    await write(tty ? lineOf(error) : streamFrame("stdout", lineOf(error)));
    throw error;
  }
}

const lineOf = (error: unknown): Uint8Array => Buffer.from(`${messageOf(error)}\r\n`, "utf8");

const terminalSize = ([rows, columns]: readonly number[]) =>
  rows === undefined || columns === undefined ? undefined : { rows, columns };

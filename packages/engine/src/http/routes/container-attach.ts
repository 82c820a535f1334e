import { parseDetachKeys } from "../../core/container/detach-keys.ts";
import { EngineError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { AttachRequest, ContainerOutput, Output } from "../../services/containers/container-output.ts";
import type { ContainerServices } from "../../services/containers/container-services.ts";
import { detachable } from "../../services/exec/detachable.ts";
import { type HijackedConnection, reply } from "../reply.ts";
import type { ApiRequest, Route } from "../route.ts";
import { outputContentType, streamFrames } from "../stream-frame.ts";
import { isWebsocketRequest } from "../websocket.ts";

/** A client at a container's streams. */
export const containerAttachRoutes = ({ output }: Pick<ContainerServices, "output">): readonly Route[] => [
  {
    method: "POST",
    path: "/containers/{id:.*}/attach",
    hijack: true,
    handle: async (request) => {
      const { query, version } = request;
      const wanted = {
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        stdin: query.flag("stdin"),
      };
      const attachment = attach(output, request, wanted);
      return reply.hijack(outputContentType(version, attachment.attached), (connection) =>
        attachment.serve(connection, framed(attachment.attached)),
      );
    },
  },
  {
    method: "GET",
    path: "/containers/{id:.*}/attach/ws",
    hijack: "websocket",
    handle: async (request) => {
      const { query, version } = request;
      if (!isWebsocketRequest(request)) throw new EngineError("invalid", "not websocket protocol");
      const all = !version.atLeast(1, 42);
      const attachment = attach(output, request, {
        stdout: all || query.flag("stdout"),
        stderr: all || query.flag("stderr"),
        stdin: all || query.flag("stdin"),
      });
      // Streams are not told apart, and what a program writes need not be text: old clients get it in text messages all the same.
      return reply.websocket({ binary: version.atLeast(1, 28) }, (connection) =>
        attachment.serve(connection, raw(attachment.attached)),
      );
    },
  },
];

/** From now on; what the container writes before `serve` is kept for it. */
function attach(
  output: ContainerOutput,
  { param, query, signal }: ApiRequest,
  { stdin, ...wanted }: Pick<AttachRequest, "stdout" | "stderr"> & { readonly stdin: boolean },
) {
  const id = param("id");
  const detachKeys = parseDetachKeys(query.text("detachKeys"));
  const detached = new AbortController();
  const attached = output.attach(
    id,
    { ...wanted, logs: query.flag("logs"), stream: query.flag("stream") },
    AbortSignal.any([signal, detached.signal]),
  );
  const onDetach = (): void => {
    output.detached(id);
    detached.abort();
  };
  const serve = async ({ input, write }: HijackedConnection, bytesOut: ByteStream): Promise<void> => {
    const done = new AbortController();
    const typed = attached.tty ? detachable(input, detachKeys, onDetach) : input;
    const sending = stdin
      ? output.input(id, typed, AbortSignal.any([signal, done.signal]))
      : Promise.resolve();
    // Told when the output has ended; until then the output matters more.
    sending.catch(() => undefined);
    try {
      for await (const bytes of bytesOut) await write(bytes);
    } catch (error) {
      if (!detached.signal.aborted) throw error;
    } finally {
      done.abort();
    }
    await sending;
  };
  return { attached, serve };
}

/** A terminal's output is raw, any other in frames that tell the two streams apart. */
export async function* framed({ tty, chunks }: Output): ByteStream {
  for await (const { stream, bytes, lines = [bytes] } of chunks)
    yield tty ? bytes : streamFrames(stream, lines);
}

async function* raw({ chunks }: Output): ByteStream {
  for await (const { bytes } of chunks) yield bytes;
}

import { once } from "node:events";
import type { Readable } from "node:stream";
import { asBuffer } from "../client/read-body.ts";
import type { Output } from "../context.ts";
import { Failure } from "../failure.ts";

const headerSize = 8;

/** A piece of a container's output: 1 is stdout, 2 stderr, 3 an error of the daemon. */
export interface Frame {
  readonly stream: number;
  readonly payload: Buffer;
}

/** Takes apart a stream of frames `[type, 0, 0, 0, length32]` plus payload; large ones come in pieces. */
export async function* readFrames(source: AsyncIterable<unknown>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  let stream = 0;
  let missing = 0;
  for await (const chunk of source) {
    rest = rest.length === 0 ? asBuffer(chunk) : Buffer.concat([rest, asBuffer(chunk)]);
    while (rest.length > 0) {
      if (missing === 0) {
        if (rest.length < headerSize) break;
        stream = rest.readUInt8(0);
        missing = rest.readUInt32BE(4);
        rest = rest.subarray(headerSize);
        continue;
      }
      const payload = rest.subarray(0, missing);
      missing -= payload.length;
      rest = rest.subarray(payload.length);
      yield { stream, payload };
    }
  }
}

/** Copies a container's output until it ends: raw from a terminal, else stdout and stderr apart. */
export async function copyOutput(
  source: Readable,
  tty: boolean,
  sinks: { readonly out: Output | undefined; readonly err: Output | undefined },
): Promise<void> {
  if (tty) {
    for await (const chunk of source) await write(sinks.out, asBuffer(chunk));
    return;
  }
  for await (const { stream, payload } of readFrames(source)) {
    if (stream === 3) throw new Failure(`error from daemon in stream: ${payload.toString()}`);
    await write(stream === 2 ? sinks.err : sinks.out, payload);
  }
}

async function write(sink: Output | undefined, payload: Buffer): Promise<void> {
  if (sink?.write(payload) === false) await once(sink, "drain");
}

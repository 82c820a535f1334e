import type { ApiVersion } from "./api-version.ts";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach

const streamNumbers = { stdout: 1, stderr: 2, system: 3 } as const;

const headerBytes = 8;

/** Output of a process without a terminal: an 8-byte header (stream, length), then the bytes. */
export const streamFrame = (stream: keyof typeof streamNumbers, bytes: Uint8Array): Uint8Array =>
  streamFrames(stream, [bytes]);

/** Several of them, one after the other: there are clients that take each for a line. */
export function streamFrames(stream: keyof typeof streamNumbers, lines: readonly Uint8Array[]): Uint8Array {
  const frames = new Uint8Array(lines.reduce((sum, { length }) => sum + headerBytes + length, 0));
  const view = new DataView(frames.buffer);
  let at = 0;
  for (const line of lines) {
    frames[at] = streamNumbers[stream];
    view.setUint32(at + 4, line.length);
    frames.set(line, at + headerBytes);
    at += headerBytes + line.length;
  }
  return frames;
}

/** The content type of attached output and of logs; clients before 1.42 know only one. */
export const outputContentType = (version: ApiVersion, options: { readonly tty: boolean }): string =>
  !options.tty && version.atLeast(1, 42)
    ? "application/vnd.docker.multiplexed-stream"
    : "application/vnd.docker.raw-stream";

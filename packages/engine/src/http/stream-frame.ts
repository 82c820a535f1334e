import type { ApiVersion } from "./api-version.ts";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach

const streamNumbers = { stdout: 1, stderr: 2, system: 3 } as const;

/** Output of a process without a terminal: an 8-byte header (stream, length), then the bytes. */
export function streamFrame(stream: keyof typeof streamNumbers, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(8 + bytes.byteLength);
  frame[0] = streamNumbers[stream];
  new DataView(frame.buffer).setUint32(4, bytes.byteLength);
  frame.set(bytes, 8);
  return frame;
}

/** The content type of attached output and of logs; clients before 1.42 know only one. */
export const outputContentType = (version: ApiVersion, options: { readonly tty: boolean }): string =>
  !options.tty && version.atLeast(1, 42)
    ? "application/vnd.docker.multiplexed-stream"
    : "application/vnd.docker.raw-stream";

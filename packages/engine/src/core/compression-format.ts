export type CompressionFormat = "gzip" | "zstd" | "xz" | "none";

/** So many of a stream's first bytes tell how it is compressed. */
const magicBytes = 6;

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, at) => bytes[at] === byte);

/** How a stream is compressed, by its first bytes. */
export function detectCompression(start: Uint8Array): CompressionFormat {
  if (startsWith(start, [0x1f, 0x8b, 0x08])) return "gzip";
  if (startsWith(start, [0x28, 0xb5, 0x2f, 0xfd])) return "zstd";
  // A skippable frame, with which chunked zstd layers may begin.
  if (
    start.length >= 4 &&
    ((start[0] ?? 0) & 0xf0) === 0x50 &&
    startsWith(start.subarray(1), [0x2a, 0x4d, 0x18])
  ) {
    return "zstd";
  }
  if (startsWith(start, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return "xz";
  return "none";
}

/** The stream as it was, and the first bytes of it. */
export async function peekStart(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly start: Uint8Array; readonly stream: AsyncGenerator<Uint8Array, void, undefined> }> {
  const iterator = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length < magicBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    held.push(next.value);
    length += next.value.length;
  }
  const start = new Uint8Array(length);
  let at = 0;
  for (const chunk of held) {
    start.set(chunk, at);
    at += chunk.length;
  }
  return { start, stream: resume(start, iterator) };
}

async function* resume(
  start: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let finished = false;
  try {
    if (start.length > 0) yield start;
    while (true) {
      const next = await iterator.next();
      if (next.done === true) {
        finished = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
}

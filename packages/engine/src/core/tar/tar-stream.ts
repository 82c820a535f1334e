import { EngineError } from "../errors.ts";
import type { ByteStream } from "../ports/byte-stream.ts";
import { encodeEntry, endOfArchive } from "./encode-entry.ts";
import { makeEntry } from "./make-entry.ts";
import { blockBytes } from "./tar-entry.ts";

/** A file that is to be in an archive; its size must be known before its bytes. */
export interface TarFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly open: () => ByteStream;
}

/**
 * An archive of regular files, made while it is read, with the directories that they are in. The same files give the same
 * bytes: owners, modes and times are fixed.
 */
export async function* tarStream(files: Iterable<TarFile>): ByteStream {
  const known = new Set<string>();
  for (const file of files) {
    for (const path of parentsOf(file.path)) {
      if (known.has(path)) continue;
      known.add(path);
      yield encodeEntry(makeEntry({ path, type: "5", mode: 0o755 }));
    }
    yield encodeEntry(makeEntry({ path: file.path, sizeBytes: file.sizeBytes }));
    yield* exactly(file);
    const padding = (blockBytes - (file.sizeBytes % blockBytes)) % blockBytes;
    if (padding > 0) yield new Uint8Array(padding);
  }
  yield endOfArchive();
}

async function* exactly({ path, sizeBytes, open }: TarFile): ByteStream {
  let sent = 0;
  for await (const chunk of open()) {
    sent += chunk.length;
    if (sent > sizeBytes) break;
    yield chunk;
  }
  if (sent !== sizeBytes) {
    throw new EngineError(
      "internal",
      `write archive: ${path} has not the ${sizeBytes} bytes that it should have`,
    );
  }
}

/** `a/b/` of `a/b/c`, outermost first. */
function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, at) => `${names.slice(0, at + 1).join("/")}/`);
}

import { createHash } from "node:crypto";
import type { Digest } from "@davit/protocol";
import { EngineError, errnoOf, isCanceled, messageOf } from "../../core/errors.ts";
import { interruptible } from "../../core/interruptible.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { TransferOptions } from "../../core/ports/content.ts";
import { endOfArchive } from "../../core/tar/encode-entry.ts";
import { TarFormatError } from "../../core/tar/tar-entry.ts";
import { removalArchive } from "./apply-removals.ts";
import { decompress } from "./decompress.ts";
import { LayerFilter } from "./layer-filter.ts";
import { runTool, saying, type ToolRun } from "./tool.ts";

export interface ExtractedLayer {
  readonly diffId: Digest;
  readonly sizeBytes: number;
  /** The layer hides everything below it. */
  readonly opaqueRoot: boolean;
}

const fullDisk = /No space left on device|Disk quota exceeded/;
/** Failures of the host; all else that the extractor refuses is the archive's fault. */
const hostFault = /Input\/output error|Read-only file system|Cannot allocate memory|Too many open files/;

/**
 * Without file flags: an immutable file could not be removed again. Without `-P`, the extractor refuses `..` and to
 * go through symbolic links, and takes absolute names as relative.
 */
const extractArguments = (dir: string): string[] => [
  "--chroot",
  "-xp",
  "--numeric-owner",
  "--same-owner",
  "--xattrs",
  "--acls",
  "--no-fflags",
  `-C${dir}`,
  "-f-",
];

/** Unpacks a layer into an empty directory, as overlayfs wants it. Errors say `unpacking layer: reason`. */
export async function extractLayer(
  source: ByteStream,
  dir: string,
  options: TransferOptions & { readonly maxBytes: number },
): Promise<ExtractedLayer> {
  try {
    return await extract(source, dir, options);
  } catch (error) {
    throw failure(error);
  }
}

async function extract(
  source: ByteStream,
  dir: string,
  { maxBytes, onBytes, signal }: TransferOptions & { readonly maxBytes: number },
): Promise<ExtractedLayer> {
  const hash = createHash("sha256");
  const filter = new LayerFilter();
  let complete = false;
  async function* input(): AsyncGenerator<Uint8Array, void, undefined> {
    let plainBytes = 0;
    for await (const chunk of decompress(counted(interruptible(source, signal), onBytes))) {
      plainBytes += chunk.length;
      if (plainBytes > maxBytes) throw new EngineError("invalid", `larger than ${maxBytes} bytes`);
      hash.update(chunk);
      const kept = filter.push(chunk);
      if (kept.length > 0) yield kept;
    }
    filter.end();
    complete = true;
    // Only now, so that the extractor does not leave before the last byte counts for the digest.
    yield endOfArchive();
  }
  await bsdtar(dir, input(), signal);
  if (!complete) throw new EngineError("internal", "bsdtar ended before the archive did");
  const { removals } = filter;
  if (removals.whiteouts.size + removals.opaque.size > 0) {
    await bsdtar(dir, removalArchive(dir, removals), signal);
  }
  return {
    diffId: `sha256:${hash.digest("hex")}`,
    sizeBytes: filter.sizeBytes,
    opaqueRoot: removals.opaque.has(""),
  };
}

async function* counted(
  source: ByteStream,
  onBytes: TransferOptions["onBytes"],
): AsyncGenerator<Uint8Array, void, undefined> {
  let read = 0;
  for await (const chunk of source) {
    read += chunk.length;
    onBytes?.(read, undefined);
    yield chunk;
  }
}

async function bsdtar(dir: string, input: ByteStream, signal: AbortSignal | undefined): Promise<void> {
  const run = await runTool("bsdtar", extractArguments(dir), { input, stopOn: fullDisk, signal });
  if (run.code !== 0) throw refusal(run);
}

function refusal(run: ToolRun): EngineError {
  if (fullDisk.test(run.stderr)) return noSpace();
  // libarchive adds the text of whatever errno was left from something else.
  const text = saying("bsdtar", run).replaceAll(/: (?:Unknown error -1|Success)(?=;|$)/g, "");
  return new EngineError(hostFault.test(run.stderr) || run.code === null ? "internal" : "invalid", text);
}

const noSpace = (cause?: unknown): EngineError =>
  new EngineError("unavailable", "no space left on device", { cause });

function failure(error: unknown): EngineError {
  const context = "unpacking layer";
  if (isCanceled(error)) return new EngineError("canceled", `${context}: canceled`, { cause: error });
  const errno = errnoOf(error);
  if (error instanceof EngineError || error instanceof TarFormatError) {
    const kind = error instanceof EngineError ? error.kind : "invalid";
    return new EngineError(kind, `${context}: ${error.message}`, { cause: error });
  }
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new EngineError("unavailable", `${context}: no space left on device`, { cause: error });
  }
  return new EngineError("internal", `${context}: ${messageOf(error)}`, { cause: error });
}

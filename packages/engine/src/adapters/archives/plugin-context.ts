import { EngineError, isCanceled, messageOf } from "../../core/errors.ts";
import type { PluginContext } from "../../core/ports/archives.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { encodeEntry, endOfArchive } from "../../core/tar/encode-entry.ts";
import {
  type ByteText,
  cleanPath,
  concatBytes,
  copyBytes,
  type TarEntry,
  TarFormatError,
  type TarPart,
} from "../../core/tar/tar-entry.ts";
import { canceled, tarParts } from "./plain-tar.ts";

const maxConfigBytes = 1024 * 1024;
const rootfsPrefix = "rootfs/";
const hardLink = "1";
const regularTypes: ReadonlySet<string> = new Set(["0", "7"]);

/** Splits the directory of a plugin's author while it is read; nothing is kept but `config.json`. */
export function splitPluginContext(source: ByteStream, signal: AbortSignal | undefined): PluginContext {
  const config = Promise.withResolvers<Uint8Array>();
  // Whoever sees the stream fail need not look at the configuration too.
  config.promise.catch(() => undefined);
  return { rootfs: split(source, signal, config), config: config.promise };
}

async function* split(
  source: ByteStream,
  signal: AbortSignal | undefined,
  config: PromiseWithResolvers<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const splitter = new ContextSplitter();
  try {
    for await (const part of tarParts(source, signal)) {
      const kept = splitter.take(part);
      if (kept !== undefined) yield kept;
    }
    if (!splitter.hasRootfs) throw new EngineError("invalid", "no rootfs found: EOF");
    yield endOfArchive();
    if (splitter.config === undefined) config.reject(new EngineError("invalid", "config not found"));
    else config.resolve(splitter.config);
  } catch (error) {
    const failure = readFailure(error);
    config.reject(failure);
    throw failure;
  } finally {
    // Says nothing if it is settled: then the stream was not left early.
    config.reject(canceled("reading plugin context", signal?.reason));
  }
}

class ContextSplitter {
  #destination: "rootfs" | "config" | "nowhere" = "nowhere";
  #hasRootfs = false;
  #config: Uint8Array[] | undefined;

  get hasRootfs(): boolean {
    return this.#hasRootfs;
  }

  get config(): Uint8Array | undefined {
    return this.#config === undefined ? undefined : concatBytes(this.#config);
  }

  /** What of this part belongs to the new archive. */
  take(part: TarPart): Uint8Array | undefined {
    if (part.kind === "entry") return this.#begin(part.entry);
    if (this.#destination === "rootfs") return part.bytes;
    // A view would keep the whole chunk that it came in.
    if (this.#destination === "config" && part.kind === "data") this.#config?.push(copyBytes(part.bytes));
    return undefined;
  }

  #begin(entry: TarEntry): Uint8Array | undefined {
    this.#destination = "nowhere";
    const path = cleanPath(entry.path);
    if (path === "config.json" && regularTypes.has(entry.type)) {
      if (entry.sizeBytes > maxConfigBytes) {
        throw new EngineError("invalid", `failed to read config.json: larger than ${maxConfigBytes} bytes`);
      }
      this.#destination = "config";
      this.#config = [];
    } else if (path === "rootfs" || path.startsWith(rootfsPrefix)) {
      this.#destination = "rootfs";
      this.#hasRootfs = true;
      return encodeEntry(entry, { path: reroot(entry, path), linkPath: linkTarget(entry) });
    }
    return undefined;
  }
}

function reroot(entry: TarEntry, path: ByteText): ByteText {
  const below = path.slice(rootfsPrefix.length);
  if (below === "") return "./";
  return entry.type === "5" ? `${below}/` : below;
}

/** Hard links name their target from the archive's root, symbolic ones do not. */
function linkTarget(entry: TarEntry): ByteText {
  if (entry.type !== hardLink) return entry.linkPath;
  const target = cleanPath(entry.linkPath);
  return target.toLowerCase().startsWith(rootfsPrefix) ? target.slice(rootfsPrefix.length) : entry.linkPath;
}

function readFailure(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (isCanceled(error)) return canceled("reading plugin context", error);
  const reason =
    error instanceof TarFormatError && error.message.startsWith("invalid tar")
      ? `archive/tar: ${error.message}`
      : messageOf(error);
  return new EngineError("invalid", `failed to read from tar: ${reason}`, { cause: error });
}

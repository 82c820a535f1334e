import { EngineError } from "../../core/errors.ts";
import type { Platform } from "../../core/image/platform.ts";
import type {
  ArchivedImage,
  Archives,
  ImageArchive,
  PluginArchive,
  PluginContext,
} from "../../core/ports/archives.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { readLayout, readPluginLayout } from "./oci-layout.ts";
import { splitPluginContext } from "./plugin-context.ts";
import { readSaved } from "./saved-images.ts";
import { type Spool, spoolArchive } from "./spool.ts";

export interface TarArchivesOptions {
  /** Where archives of images are spooled; made if it is missing. */
  readonly tempDir: string;
  /** The most that one archive of images may hold; 64 GiB. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 64 * 1024 ** 3;

export class TarArchives implements Archives {
  readonly #tempDir: string;
  readonly #maxBytes: number;

  constructor({ tempDir, maxBytes = defaultMaxBytes }: TarArchivesOptions) {
    this.#tempDir = tempDir;
    this.#maxBytes = maxBytes;
  }

  splitPluginContext(source: ByteStream, signal?: AbortSignal): PluginContext {
    return splitPluginContext(source, signal);
  }

  readImages(source: ByteStream, signal?: AbortSignal): Promise<ImageArchive> {
    return this.#spooled(source, signal, async (spool) => ({
      images: await read(spool),
      dispose: () => spool.dispose(),
    }));
  }

  readPlugin(source: ByteStream, platform: Platform, signal?: AbortSignal): Promise<PluginArchive> {
    return this.#spooled(source, signal, (spool) => readPluginLayout(spool, platform));
  }

  async #spooled<Result>(
    source: ByteStream,
    signal: AbortSignal | undefined,
    read: (spool: Spool) => Promise<Result>,
  ): Promise<Result> {
    const spool = await spoolArchive(source, {
      tempDir: this.#tempDir,
      maxBytes: this.#maxBytes,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      return await read(spool);
    } catch (error) {
      await spool.dispose();
      throw error;
    }
  }
}

/** Newer versions of `docker save` write both descriptions; the older one names the tags. */
async function read(spool: Spool): Promise<ArchivedImage[]> {
  if (spool.has("manifest.json")) return readSaved(spool);
  if (spool.has("index.json")) return readLayout(spool);
  throw new EngineError("invalid", "reading archive: it has neither manifest.json nor index.json");
}

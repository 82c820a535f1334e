import { mediaTypes, type PluginConfig } from "@davit/protocol";
import { encodeManifest } from "../../core/plugin/artifact.ts";
import { encodePluginConfig, parsePluginConfig } from "../../core/plugin/config-blob.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { Archives } from "../../core/ports/archives.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Compression } from "../../core/ports/compression.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import { splitStream } from "../../core/split-stream.ts";
import { streamOf } from "../../core/stream-of.ts";

export interface PluginCreatorPorts {
  readonly archives: Archives;
  readonly compression: Compression;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly logger: Logger;
}

/** The part of a plugin's record that comes from its author's directory. */
export type CreatedPlugin = Pick<PluginRecord, "config" | "manifestDigest" | "configDigest" | "layers">;

/** Turns an author's directory, sent as one tar, into a plugin: layer, configuration, manifest. */
export class PluginCreator {
  readonly #ports: PluginCreatorPorts;

  constructor(ports: PluginCreatorPorts) {
    this.#ports = ports;
  }

  async create(context: ByteStream, signal: AbortSignal): Promise<CreatedPlugin> {
    const { rootfs, config: configBytes } = this.#ports.archives.splitPluginContext(context, signal);
    // Its failure is the stream's too, which is awaited first.
    configBytes.catch(() => undefined);
    const parsed = async (): Promise<PluginConfig> => {
      const { config, unknownKeys } = parsePluginConfig(await configBytes, "failed to parse config");
      if (unknownKeys.length > 0)
        this.#ports.logger.warn({ unknownKeys }, "config.json has keys that mean nothing");
      return config;
    };
    return this.pack(rootfs, parsed, signal);
  }

  /** The same of a root file system as a tar; the configuration is asked for when that was read. */
  async pack(
    rootfs: ByteStream,
    configured: () => Promise<PluginConfig>,
    signal: AbortSignal,
  ): Promise<CreatedPlugin> {
    const { compression, content, snapshots } = this.#ports;
    const [blob, { diffId }] = await splitStream(
      rootfs,
      (stream) => content.write(compression.gzip(stream), { signal }),
      (stream) => snapshots.unpack(stream, { signal }),
    );
    const config = { ...(await configured()), rootfs: { diff_ids: [diffId], type: "layers" } };
    const configBlob = await content.write(streamOf(encodePluginConfig(config)));
    const layer = { mediaType: mediaTypes.dockerLayerGzip, digest: blob.digest, size: blob.sizeBytes };
    const manifest = encodeManifest({ digest: configBlob.digest, size: configBlob.sizeBytes }, [layer]);
    const { digest: manifestDigest } = await content.write(streamOf(manifest));
    return {
      config,
      manifestDigest,
      configDigest: configBlob.digest,
      layers: [{ digest: blob.digest, mediaType: layer.mediaType, sizeBytes: blob.sizeBytes, diffId }],
    };
  }
}

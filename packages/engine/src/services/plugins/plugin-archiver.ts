import { type Digest, isLayerType, type Manifest, type Privilege } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import {
  blobPath,
  imageNameAnnotation,
  layoutFiles,
  refNameAnnotation,
} from "../../core/image/oci-layout.ts";
import type { Platform } from "../../core/image/platform.ts";
import { manifestType, parsePluginManifest } from "../../core/plugin/artifact.ts";
import { parsePluginConfig } from "../../core/plugin/config-blob.ts";
import { privilegesOf, requireGranted } from "../../core/plugin/privileges.ts";
import type { LayerRecord, PluginRecord } from "../../core/plugin/record.ts";
import type { Archives, PluginArchive } from "../../core/ports/archives.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { canonicalName, parseReference, withDefaultTag } from "../../core/reference.ts";
import { streamOf } from "../../core/stream-of.ts";
import { concatBytes } from "../../core/tar/tar-entry.ts";
import { type TarFile, tarStream } from "../../core/tar/tar-stream.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import type { PluginCatalog } from "./plugin-catalog.ts";
import type { FetchedPlugin } from "./plugin-fetcher.ts";
import type { PluginInstaller } from "./plugin-installer.ts";
import { type UnpackLayerPorts, unpackLayer } from "./unpack-layer.ts";

export interface PluginArchiverPorts extends UnpackLayerPorts {
  readonly archives: Archives;
  readonly platform: Platform;
  readonly garbage: GarbageCollector;
  readonly catalog: PluginCatalog;
  readonly installer: PluginInstaller;
}

export interface LoadRequest {
  readonly archive: ByteStream;
  /** `""` for the archive's own. */
  readonly name: string;
  /** Undefined if nothing was said about them. */
  readonly granted: readonly Privilege[] | undefined;
  readonly signal: AbortSignal;
}

export type LoadOutcome =
  | { readonly kind: "loaded"; readonly record: PluginRecord }
  | { readonly kind: "needs-privileges"; readonly name: string; readonly privileges: readonly Privilege[] };

/** Plugins as files, for hosts without a network: the blobs that a push would send, in an OCI image layout. */
export class PluginArchiver {
  readonly #ports: PluginArchiverPorts;

  constructor(ports: PluginArchiverPorts) {
    this.#ports = ports;
  }

  /** The plugin's name and its archive; what is missing is found out before the first byte. */
  async save(typed: string): Promise<{ readonly name: string; readonly archive: ByteStream }> {
    const record = this.#ports.catalog.find(typed);
    const blobs = [record.manifestDigest, record.configDigest, ...record.layers.map(({ digest }) => digest)];
    const files = await Promise.all([...new Set(blobs)].map((digest) => this.#blobFile(digest)));
    const manifest = await this.#ports.content.readAll(record.manifestDigest);
    const name = canonicalName(withDefaultTag(parseReference(record.name)));
    const layout = layoutFiles([
      {
        mediaType: manifestType(manifest),
        digest: record.manifestDigest,
        size: manifest.byteLength,
        annotations: { [imageNameAnnotation]: name, [refNameAnnotation]: name },
      },
    ]);
    return { name: record.name, archive: this.#leased(tarStream([...files, ...layout])) };
  }

  /** Installs a plugin from an archive, disabled; without leave for the privileges that it needs it only tells them. */
  async load({ archive, name, granted, signal }: LoadRequest): Promise<LoadOutcome> {
    const { archives, platform, content, installer } = this.#ports;
    const opened = await archives.readPlugin(archive, platform, signal);
    try {
      const chosen = name === "" ? opened.name : name;
      if (chosen === undefined) {
        throw new EngineError("invalid", "load plugin: the archive does not name it: a name must be given");
      }
      const manifest = parsePluginManifest(opened.manifest, chosen);
      const configBytes = await wholeBlob(opened, manifest.config.digest);
      const { config } = parsePluginConfig(configBytes, "failed to parse config");
      const privileges = privilegesOf(config);
      if (granted === undefined && privileges.length > 0) {
        return { kind: "needs-privileges", name: chosen, privileges };
      }
      requireGranted(privileges, granted ?? []);
      const record = await installer.install(chosen, async (): Promise<FetchedPlugin> => {
        await content.write(streamOf(opened.manifest.bytes), { signal });
        await content.write(streamOf(configBytes), { signal });
        return {
          reference: opened.name ?? canonicalName(withDefaultTag(parseReference(chosen))),
          config,
          manifestDigest: opened.manifest.digest,
          configDigest: manifest.config.digest,
          layers: await this.#layers(opened, manifest, signal),
        };
      });
      return { kind: "loaded", record };
    } finally {
      await opened.dispose();
    }
  }

  async #layers(
    archive: PluginArchive,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<readonly LayerRecord[]> {
    const { content } = this.#ports;
    const layers: LayerRecord[] = [];
    for (const { digest, mediaType, size } of manifest.layers) {
      if (!isLayerType(mediaType)) {
        throw new EngineError(
          "invalid",
          `layer ${digest} has the type ${mediaType}, which cannot be unpacked`,
        );
      }
      const { sizeBytes } =
        (await content.stat(digest)) ?? (await content.write(archive.blob(digest), { signal }));
      if (sizeBytes !== size) {
        throw new EngineError("invalid", `layer ${digest}: unexpected size ${sizeBytes}, expected ${size}`);
      }
      const diffId = await unpackLayer(this.#ports, digest, { signal });
      layers.push({ digest, mediaType, sizeBytes, diffId });
    }
    return layers;
  }

  async #blobFile(digest: Digest): Promise<TarFile> {
    const { content } = this.#ports;
    const info = await content.stat(digest);
    if (info === undefined) {
      throw new EngineError("internal", `blob ${digest} is missing from the content store`);
    }
    return { path: blobPath(digest), sizeBytes: info.sizeBytes, open: () => content.read(digest) };
  }

  /** Nothing is collected while the stream is read: the plugin may be removed meanwhile. */
  async *#leased(source: ByteStream): ByteStream {
    const done = Promise.withResolvers<void>();
    const lease = this.#ports.garbage.withLease(() => done.promise);
    try {
      yield* source;
    } finally {
      done.resolve();
      await lease;
    }
  }
}

const maxConfigBytes = 1024 * 1024;

async function wholeBlob(archive: PluginArchive, digest: Digest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of archive.blob(digest)) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxConfigBytes) {
      throw new EngineError("invalid", `failed to parse config: larger than ${maxConfigBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}

import {
  type Descriptor,
  digestHex,
  isIndexType,
  isLayerType,
  type Manifest,
  type Privilege,
  type Progress,
  type RegistryAuth,
} from "@davit/protocol";
import { EngineError, wrapError } from "../../core/errors.ts";
import type { Platform } from "../../core/image/platform.ts";
import { choosePlatform, parseIndex, parsePluginManifest } from "../../core/plugin/artifact.ts";
import { type ParsedConfig, parsePluginConfig } from "../../core/plugin/config-blob.ts";
import { privilegesOf, requireGranted } from "../../core/plugin/privileges.ts";
import type { LayerRecord, PluginRecord } from "../../core/plugin/record.ts";
import type { Registry, RegistrySession, RemoteManifest } from "../../core/ports/registry.ts";
import { canonicalName, familiarRepository, type Reference } from "../../core/reference.ts";
import { streamOf } from "../../core/stream-of.ts";
import { type UnpackLayerPorts, unpackLayer } from "./unpack-layer.ts";

export interface RemoteAccess {
  readonly auth: RegistryAuth | undefined;
  /** The client's `X-Meta-*`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export type Report = (progress: Progress) => void;

/** The part of a plugin's record that comes from a registry. */
export type FetchedPlugin = Pick<
  PluginRecord,
  "reference" | "config" | "manifestDigest" | "configDigest" | "layers"
>;

export interface PluginFetcherPorts extends UnpackLayerPorts {
  readonly registry: Registry;
  readonly platform: Platform;
}

/** Fetched before anybody has agreed to anything. */
const maxConfigBytes = 1024 * 1024;

/** Fetches plugins from registries: manifest, configuration, layers, in this order, nothing twice. */
export class PluginFetcher {
  readonly #ports: PluginFetcherPorts;

  constructor(ports: PluginFetcherPorts) {
    this.#ports = ports;
  }

  /** What the plugin asks for; fetches its manifest and configuration only. */
  async privileges(reference: Reference, access: RemoteAccess): Promise<Privilege[]> {
    const session = this.#open(reference, access);
    const remote = await this.#resolve(session, reference);
    const manifest = parsePluginManifest(remote, canonicalName(reference));
    const { config } = await this.#config(session, manifest, access.signal);
    return privilegesOf(config);
  }

  /** Fetches and unpacks a plugin. What was granted is compared before any layer is fetched. */
  async fetch(
    reference: Reference,
    access: RemoteAccess,
    options: { readonly granted: readonly Privilege[]; readonly report: Report },
  ): Promise<FetchedPlugin> {
    const { report } = options;
    const session = this.#open(reference, access);
    const remote = await this.#resolve(session, reference);
    const manifest = parsePluginManifest(remote, canonicalName(reference));
    report({
      status: `Pulling from ${familiarRepository(reference)}`,
      id: reference.tag ?? reference.digest ?? "",
    });
    report({ status: `Digest: ${remote.digest}` });
    await this.#ports.content.write(streamOf(remote.bytes));
    const { config, unknownKeys } = await this.#config(session, manifest, access.signal);
    if (unknownKeys.length > 0) {
      report({ status: `Warning: config.json has keys that mean nothing: ${unknownKeys.join(", ")}` });
    }
    requireGranted(privilegesOf(config), options.granted);
    return {
      reference: canonicalName(reference),
      config,
      manifestDigest: remote.digest,
      configDigest: manifest.config.digest,
      layers: await this.#layers(session, manifest, access.signal, report),
    };
  }

  #open(reference: Reference, { auth, headers, signal }: RemoteAccess): RegistrySession {
    return this.#ports.registry.open(reference, {
      actions: "pull",
      resource: "plugin",
      auth,
      headers,
      signal,
    });
  }

  async #resolve(session: RegistrySession, reference: Reference): Promise<RemoteManifest> {
    const name = canonicalName(reference);
    try {
      const remote = await session.manifest(reference.digest ?? reference.tag ?? "latest");
      if (!isIndexType(remote.mediaType)) return remote;
      const { digest } = choosePlatform(parseIndex(remote, name), this.#ports.platform, name);
      return await session.manifest(digest);
    } catch (error) {
      throw wrapError("error resolving plugin reference", error);
    }
  }

  async #config(session: RegistrySession, manifest: Manifest, signal: AbortSignal): Promise<ParsedConfig> {
    const { digest, size } = manifest.config;
    if (size > maxConfigBytes) {
      throw new EngineError("invalid", `config ${digest}: ${size} bytes, and ${maxConfigBytes} are the most`);
    }
    await this.#blob(session, manifest.config, signal, () => undefined);
    const bytes = await this.#ports.content.readAll(manifest.config.digest);
    return parsePluginConfig(bytes, "failed to parse config");
  }

  /** All layers are fetched at once, each unpacked as soon as it is here; the first failure ends the others. */
  async #layers(
    session: RegistrySession,
    manifest: Manifest,
    signal: AbortSignal,
    report: Report,
  ): Promise<readonly LayerRecord[]> {
    const unusable = manifest.layers.find(({ mediaType }) => !isLayerType(mediaType));
    if (unusable !== undefined) {
      throw new EngineError(
        "invalid",
        `layer ${unusable.digest} has the type ${unusable.mediaType}, which cannot be unpacked`,
      );
    }
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const work = manifest.layers.map((layer) => this.#layer(session, layer, either, report));
    try {
      return await Promise.all(work);
    } catch (error) {
      failed.abort();
      await Promise.allSettled(work);
      throw error;
    }
  }

  async #layer(
    session: RegistrySession,
    descriptor: Descriptor,
    signal: AbortSignal,
    report: Report,
  ): Promise<LayerRecord> {
    const { digest, mediaType, size } = descriptor;
    const id = digestHex(digest).slice(0, 12);
    const known = (await this.#ports.content.stat(digest)) !== undefined;
    if (known) report({ status: "Already exists", id });
    else {
      report({ status: "Pulling fs layer", progressDetail: {}, id });
      await this.#blob(session, descriptor, signal, (current) =>
        report({ status: "Downloading", progressDetail: { current, total: size }, id }),
      );
      report({ status: "Download complete", progressDetail: {}, id });
    }
    const diffId = await unpackLayer(this.#ports, digest, {
      signal,
      onBytes: (current) => report({ status: "Extracting", progressDetail: { current, total: size }, id }),
    });
    report({ status: "Complete", progressDetail: {}, id });
    return { digest, mediaType, sizeBytes: size, diffId };
  }

  async #blob(
    session: RegistrySession,
    descriptor: Descriptor,
    signal: AbortSignal,
    onBytes: (current: number) => void,
  ): Promise<void> {
    await this.#ports.content.fetch(
      { digest: descriptor.digest, sizeBytes: descriptor.size },
      (offsetBytes, transferSignal) => session.blob(descriptor, offsetBytes, transferSignal),
      { signal, onBytes },
    );
  }
}

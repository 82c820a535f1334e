import {
  type Descriptor,
  describeIssue,
  type Index,
  indexSchema,
  isIndexType,
  type Manifest,
  manifestSchema,
  mediaTypes,
} from "@davit/protocol";
import { EngineError, messageOf } from "../errors.ts";
import { bestForPlatform, type Platform, platformName } from "../image/platform.ts";
import type { RemoteManifest } from "../ports/registry.ts";

/** The two ways of asking for a plugin's manifest differ in what they say of something else. */
const noConfig = (reference: string): string =>
  `did not find plugin config for specified reference ${reference}`;

export function parseIndex(remote: RemoteManifest, reference: string): Index {
  return parseJson(remote, reference, indexSchema);
}

/** A manifest, Docker's or OCI's, that says that its configuration is a plugin's; invalid, naming what it is, for anything else. */
export function parsePluginManifest(remote: RemoteManifest, reference: string): Manifest {
  if (isIndexType(remote.mediaType)) throw new EngineError("invalid", noConfig(reference));
  const manifest = parseJson(remote, reference, manifestSchema);
  const { mediaType } = manifest.config;
  // Tools that pack any files as an artifact say what it is by its type, and leave the configuration's as it is.
  const isPlugin = mediaType === mediaTypes.pluginConfig || manifest.artifactType === mediaTypes.pluginConfig;
  if (isPlugin) return manifest;
  const image = mediaType === mediaTypes.dockerImageConfig || mediaType === mediaTypes.ociImageConfig;
  const what = image ? `it is an image: use "docker pull"` : `its configuration is of type ${mediaType}`;
  throw new EngineError("invalid", `${noConfig(reference)}: ${what}`);
}

/** The manifest of an index that fits a platform; an index without platforms offers its only entry. */
export function choosePlatform(index: Index, platform: Platform, reference: string): Descriptor {
  const fits = bestForPlatform(index.manifests, platform);
  const [only, ...others] = index.manifests;
  const chosen = fits ?? (others.length === 0 && only?.platform === undefined ? only : undefined);
  if (chosen !== undefined) return chosen;
  const offered = index.manifests.map((entry) =>
    entry.platform === undefined ? "unknown" : platformName(entry.platform),
  );
  throw new EngineError(
    "not-found",
    `no manifest of ${reference} fits ${platformName(platform)}: it offers ${offered.join(", ") || "none"}`,
  );
}

/** What `push` publishes: schema 2, the one form in which every registry takes plugins. */
export function encodeManifest(
  config: Omit<Descriptor, "mediaType">,
  layers: readonly Descriptor[],
): Uint8Array {
  const plain = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });
  return new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      config: plain({ ...config, mediaType: mediaTypes.pluginConfig }),
      layers: layers.map(plain),
      mediaType: mediaTypes.dockerManifest,
    }),
  );
}

/** The type that a manifest tells of itself: a pulled plugin is passed on as it came. */
export function manifestType(bytes: Uint8Array): string {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const named =
    typeof value === "object" && value !== null && "mediaType" in value ? value.mediaType : undefined;
  return typeof named === "string" ? named : mediaTypes.ociManifest;
}

interface Schema<Value> {
  safeParse(
    value: unknown,
  ): { success: true; data: Value } | { success: false; error: Parameters<typeof describeIssue>[0] };
}

function parseJson<Value>(remote: RemoteManifest, reference: string, schema: Schema<Value>): Value {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(remote.bytes));
  } catch (error) {
    throw new EngineError("invalid", `reading manifest of ${reference}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new EngineError("invalid", `reading manifest of ${reference}: ${describeIssue(result.error)}`, {
    cause: result.error,
  });
}

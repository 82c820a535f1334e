import { createHash } from "node:crypto";
import { type Digest, isDigest, mediaTypes } from "@davit/protocol";
import * as z from "zod";
import { EngineError } from "../../core/errors.ts";
import type { RemoteManifest } from "../../core/ports/registry.ts";
import { junkError, unexpectedDigest } from "./registry-errors.ts";
import { contentTypeOf, headerOf, type RegistryResponse, readLimited } from "./registry-response.ts";

export const manifestLimitBytes = 4 * 1024 * 1024;

export const manifestAccept = [
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  "*/*",
].join(", ");

/** Types that servers give when they do not know the type. */
const untold: ReadonlySet<string> = new Set([
  "",
  "application/json",
  "application/octet-stream",
  "text/plain",
]);

const shapeSchema = z.object({
  mediaType: z.string().nullish(),
  config: z.unknown().optional(),
  layers: z.unknown().optional(),
  manifests: z.unknown().optional(),
});

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Reads and verifies a manifest or an index that came for `which` (a tag or a digest); `name` is for messages. */
export async function readManifest(
  response: RegistryResponse,
  which: string,
  name: string,
): Promise<RemoteManifest> {
  const length = Number(headerOf(response, "content-length") ?? 0);
  if (length > manifestLimitBytes) {
    response.body.destroy();
    throw tooLarge(name);
  }
  const bytes = await readLimited(response, manifestLimitBytes).catch((error: unknown) => {
    throw error instanceof EngineError && error.kind === "invalid" ? tooLarge(name) : error;
  });
  const told = headerOf(response, "docker-content-digest");
  const expected = isDigest(which) ? which : told !== undefined && isDigest(told) ? told : undefined;
  const digest = digestOf(bytes);
  const mediaType = mediaTypeOf(response, bytes, name);
  if (expected !== undefined && digest !== expected) throw unexpectedDigest(name, digest, expected);
  return { mediaType, digest, bytes };
}

function mediaTypeOf(response: RegistryResponse, bytes: Uint8Array, name: string): string {
  const header = contentTypeOf(response);
  const shape = shapeOf(bytes);
  if (shape === undefined || header === "text/html") throw junkError(response, "a manifest");
  const isIndex = shape.manifests !== undefined;
  const isManifest = shape.config !== undefined || shape.layers !== undefined;
  // https://github.com/advisories/GHSA-mc8v-mgrf-8f4m: one document must not be read as either.
  if (isIndex && isManifest) throw new EngineError("invalid", `${name}: both a manifest and an index`);
  if (!untold.has(header)) return header;
  if (shape.mediaType) return shape.mediaType;
  if (isIndex) return mediaTypes.ociIndex;
  if (isManifest) return mediaTypes.ociManifest;
  throw junkError(response, "a manifest");
}

function shapeOf(bytes: Uint8Array): z.output<typeof shapeSchema> | undefined {
  try {
    return shapeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // Told by the caller, who knows what the server called it.
    return undefined;
  }
}

const tooLarge = (name: string): EngineError =>
  new EngineError("invalid", `${name}: manifest is larger than ${manifestLimitBytes} bytes`);

import {
  imageConfigSchema,
  indexSchema,
  isIndexType,
  manifestSchema,
  type RegistryAuth,
} from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { Platform } from "../../core/image/platform.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Registry, RegistrySession, RemoteManifest } from "../../core/ports/registry.ts";
import { parseReference, withDefaultTag } from "../../core/reference.ts";
import { concatBytes } from "../../core/tar/tar-entry.ts";
import { parseWire } from "./parse-wire.ts";
import { requireImage } from "./require-image.ts";

export interface RemoteImageAccess {
  readonly auth: RegistryAuth | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface RemoteImage {
  readonly Descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly Platforms: readonly Platform[];
}

const maxConfigBytes = 8 * 1024 * 1024;

/** What a registry says of an image, without pulling it. */
export class RemoteImages {
  readonly #registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.#registry = registry;
  }

  async inspect(typed: string, access: RemoteImageAccess): Promise<RemoteImage> {
    const reference = withDefaultTag(parseReference(typed));
    const session = this.#registry.open(reference, { actions: "pull", resource: "image", ...access });
    const remote = await session
      .manifest(reference.digest ?? reference.tag ?? "latest")
      .catch((error: unknown) => {
        if (!(error instanceof EngineError) || error.kind !== "not-found") throw error;
        throw new EngineError("not-found", "manifest unknown: manifest unknown", { cause: error });
      });
    return {
      Descriptor: { mediaType: remote.mediaType, digest: remote.digest, size: remote.bytes.byteLength },
      Platforms: await platforms(session, remote, access.signal),
    };
  }
}

async function platforms(
  session: RegistrySession,
  remote: RemoteManifest,
  signal: AbortSignal,
): Promise<readonly Platform[]> {
  if (isIndexType(remote.mediaType)) {
    const { manifests } = parseWire(indexSchema, remote.bytes, `read index ${remote.digest}`);
    return manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platformOf(platform)]));
  }
  const manifest = parseWire(manifestSchema, remote.bytes, `read manifest ${remote.digest}`);
  requireImage(manifest);
  const bytes = await whole(await session.blob(manifest.config, 0, signal));
  return [
    platformOf(parseWire(imageConfigSchema, bytes, `read image configuration ${manifest.config.digest}`)),
  ];
}

const platformOf = ({ architecture, os, variant }: Platform): Platform => ({
  architecture,
  os,
  ...(variant === undefined ? {} : { variant }),
});

async function whole(source: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxConfigBytes)
      throw new EngineError("invalid", `image configuration is larger than ${maxConfigBytes} bytes`);
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}

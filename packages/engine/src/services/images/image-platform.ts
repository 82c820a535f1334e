import { type ImageConfig, indexSchema } from "@davit/protocol";
import { messageOf } from "../../core/errors.ts";
import { type Platform, platformName, runsOn } from "../../core/image/platform.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { readImageConfig } from "./image-config.ts";
import { parseWire } from "./parse-wire.ts";

export interface ImagePlatformPorts {
  readonly content: ContentStore;
  readonly logger: Logger;
}

/** What is wrong, in the Engine's words, with using an image (as typed) for a platform; undefined if nothing is. */
export async function platformMismatch(
  ports: ImagePlatformPorts,
  { typed, image }: { readonly typed: string; readonly image: ImageRecord },
  wanted: Platform,
): Promise<string | undefined> {
  const actual = platformOf(await readImageConfig(ports.content, image.id));
  if (runsOn(wanted, actual) || (await isListedFor(ports, image, wanted))) return undefined;
  return (
    `image with reference ${typed} was found but does not match the specified platform: ` +
    `wanted ${platformName(wanted)}, actual: ${platformName(actual)}`
  );
}

export const platformOf = ({ os, architecture, variant }: ImageConfig): Platform => ({
  os,
  architecture,
  ...(variant === undefined || variant === "" ? {} : { variant }),
});

/** Whether an index that it came with says so: there are configurations that tell another variant, or none. */
async function isListedFor(
  { content, logger }: ImagePlatformPorts,
  { repoDigests, manifestDigest, blobs }: ImageRecord,
  wanted: Platform,
): Promise<boolean> {
  const tops = blobs.filter(
    (digest) => digest !== manifestDigest && repoDigests.some((name) => name.endsWith(`@${digest}`)),
  );
  for (const digest of tops) {
    try {
      const index = parseWire(indexSchema, await content.readAll(digest), `read index ${digest}`);
      const entry = index.manifests.find((manifest) => manifest.digest === manifestDigest);
      if (entry?.platform !== undefined && runsOn(wanted, entry.platform)) return true;
    } catch (error) {
      logger.debug({ reason: messageOf(error), digest }, "no index tells an image's platform");
    }
  }
  return false;
}

import {
  type Descriptor,
  type Digest,
  describeIssue,
  digestHex,
  indexSchema,
  isIndexType,
  manifestSchema,
} from "@davit/protocol";
import type { Platform } from "../../core/image/platform.ts";
import { choosePlatform } from "../../core/plugin/artifact.ts";
import type { ArchivedImage, PluginArchive } from "../../core/ports/archives.ts";
import { archivedImage } from "./archived-image.ts";
import { invalid, type Spool } from "./spool.ts";

// https://github.com/opencontainers/image-spec/blob/main/image-layout.md

/** Containerd writes the whole name here … */
const imageName = "io.containerd.image.name";
/** … and the standard's own annotation may hold it, or only a tag. */
const refName = "org.opencontainers.image.ref.name";

/** An index inside an index inside …: no tool writes more than two. */
const maxDepth = 4;

const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: "amd64",
  ia32: "386",
};

/** Images of an OCI image layout; of an image for several platforms, the one for this host. */
export async function readLayout(spool: Spool): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const descriptor of (await readIndex(spool, "index.json")).manifests) {
    const found = await resolveManifest(spool, descriptor, 0);
    if (found === undefined) continue;
    const parsed = manifestSchema.safeParse(await spool.json(verified(spool, found.digest)));
    if (!parsed.success) throw invalid(`manifest ${found.digest}: ${describeIssue(parsed.error)}`);
    images.push(
      await archivedImage(spool, {
        config: verified(spool, parsed.data.config.digest),
        layers: parsed.data.layers.map(({ digest }) => verified(spool, digest)),
        tags: tagsOf(descriptor),
      }),
    );
  }
  if (images.length === 0) throw invalid("it has no image for this platform");
  return images;
}

async function resolveManifest(
  spool: Spool,
  descriptor: Descriptor,
  depth: number,
): Promise<Descriptor | undefined> {
  if (depth > maxDepth) throw invalid("indexes nested too deep");
  if (!isIndexType(descriptor.mediaType)) return fitsHost(descriptor) ? descriptor : undefined;
  const { manifests } = await readIndex(spool, verified(spool, descriptor.digest));
  for (const child of manifests) {
    // An archive may hold only the platforms that were asked for.
    if (!spool.has(blobPath(child.digest))) continue;
    const found = await resolveManifest(spool, child, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The one plugin of an OCI image layout; of one for several platforms, that for `platform`. */
export async function readPluginLayout(spool: Spool, platform: Platform): Promise<PluginArchive> {
  const subject = "the archive";
  const top = choosePlatform(await readIndex(spool, "index.json"), platform, subject);
  let found = top;
  for (let depth = 0; isIndexType(found.mediaType); depth++) {
    if (depth > maxDepth) throw invalid("indexes nested too deep");
    found = choosePlatform(await readIndex(spool, verified(spool, found.digest)), platform, subject);
  }
  const bytes = await spool.document(verified(spool, found.digest));
  return {
    manifest: { mediaType: found.mediaType, digest: found.digest, bytes },
    name: tagsOf(found)[0] ?? tagsOf(top)[0],
    blob: (digest) => spool.opener(verified(spool, digest))(),
    dispose: () => spool.dispose(),
  };
}

async function readIndex(spool: Spool, path: string) {
  const parsed = indexSchema.safeParse(await spool.json(path));
  if (!parsed.success) throw invalid(`${path}: ${describeIssue(parsed.error)}`);
  return parsed.data;
}

const blobPath = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

function verified(spool: Spool, digest: Digest): string {
  const path = blobPath(digest);
  const actual = spool.digest(path);
  if (actual !== digest) throw invalid(`${path} has the digest ${actual}`);
  return path;
}

const fitsHost = ({ platform }: Descriptor): boolean =>
  platform === undefined ||
  (platform.os === "linux" && platform.architecture === (architectures[process.arch] ?? process.arch));

function tagsOf({ annotations }: Descriptor): string[] {
  const name = annotations?.[imageName] ?? annotations?.[refName];
  return name !== undefined && /[:/]/.test(name) ? [name] : [];
}

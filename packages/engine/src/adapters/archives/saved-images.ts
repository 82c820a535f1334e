import { describeIssue, goList, goObject } from "@davit/protocol";
import * as z from "zod";
import type { ArchivedImage } from "../../core/ports/archives.ts";
import { archivedImage } from "./archived-image.ts";
import { invalid, type Spool } from "./spool.ts";

// https://github.com/moby/docker-image-spec/blob/main/spec.md, "Combined Image JSON + Filesystem Changeset Format"
const manifestSchema = z.array(
  goObject({ Config: z.string(), RepoTags: goList(z.string()), Layers: goList(z.string()) }),
);

/** Images as `docker save` writes them. */
export async function readSaved(spool: Spool): Promise<ArchivedImage[]> {
  const parsed = manifestSchema.safeParse(await spool.json("manifest.json"));
  if (!parsed.success) throw invalid(`manifest.json: ${describeIssue(parsed.error)}`);
  const images: ArchivedImage[] = [];
  for (const { Config, RepoTags, Layers } of parsed.data) {
    images.push(await archivedImage(spool, { config: Config, layers: Layers, tags: RepoTags }));
  }
  return images;
}

import { describeIssue, imageConfigSchema } from "@davit/protocol";
import type { ArchivedImage } from "../../core/ports/archives.ts";
import { invalid, type Spool } from "./spool.ts";

export interface ImageFiles {
  readonly config: string;
  /** Bottom first. */
  readonly layers: readonly string[];
  readonly tags: readonly string[];
}

/** An image by the names of its files, its configuration checked as far as it speaks of them. */
export async function archivedImage(
  spool: Spool,
  { config, layers, tags }: ImageFiles,
): Promise<ArchivedImage> {
  const configBytes = await spool.document(config);
  const parsed = imageConfigSchema.safeParse(await spool.json(config));
  if (!parsed.success) throw invalid(`${config}: ${describeIssue(parsed.error)}`);
  const expected = parsed.data.rootfs.diff_ids.length;
  if (expected !== layers.length) {
    throw invalid(`invalid manifest, layers length mismatch: expected ${expected}, got ${layers.length}`);
  }
  return { configBytes, layers: layers.map((path) => spool.opener(path)), tags };
}

import { isDigest } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import {
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../reference.ts";
import type { ImageRecord } from "./record.ts";

export interface FoundImage {
  readonly image: ImageRecord;
  /** The tag or digest reference by which it was found; undefined if it was its ID. */
  readonly reference: string | undefined;
}

/** Finds an image by ID, by name (with tag or digest, `:latest` if none is given), or by a prefix of its ID. */
export function resolveImage(typed: string, all: readonly ImageRecord[]): FoundImage {
  const found = findImage(typed, all);
  if (found === undefined) throw noSuchImage(typed);
  return found;
}

export function findImage(typed: string, all: readonly ImageRecord[]): FoundImage | undefined {
  if (/^sha256:[a-f0-9]+$/.test(typed)) return byIdPrefix(typed, all);
  if (/^[a-f0-9]{64}$/.test(typed)) return byIdPrefix(`sha256:${typed}`, all);
  const reference = withDefaultTag(parseReference(typed));
  return (
    byReference(reference, all) ??
    (/^[a-f0-9]+$/.test(typed) ? byIdPrefix(`sha256:${typed}`, all) : undefined)
  );
}

function byReference(reference: Reference, all: readonly ImageRecord[]): FoundImage | undefined {
  const name =
    reference.digest === undefined
      ? familiarName(reference)
      : `${familiarRepository(reference)}@${reference.digest}`;
  const image = all.find(({ tags, repoDigests }) => tags.includes(name) || repoDigests.includes(name));
  return image === undefined ? undefined : { image, reference: name };
}

function byIdPrefix(prefix: string, all: readonly ImageRecord[]): FoundImage | undefined {
  const matches = all.filter(({ id }) => id.startsWith(prefix));
  const [image] = matches;
  if (image === undefined) return undefined;
  if (matches.length > 1)
    throw new EngineError("invalid", `multiple IDs found with provided prefix: ${prefix}`);
  return { image, reference: undefined };
}

function noSuchImage(typed: string): EngineError {
  const isId = /^(sha256:)?[a-f0-9]{64}$/.test(typed) || isDigest(typed) || typed.startsWith("sha256:");
  const name = isId ? typed : familiarName(withDefaultTag(parseReference(typed)));
  return new EngineError("not-found", `No such image: ${name}`);
}

/** A tag as it is stored: the familiar name. Digests cannot be given as tags. */
export function tagName(repository: string, tag: string): string {
  const reference = parseReference(tag === "" ? repository : `${repository}:${tag}`);
  if (reference.digest !== undefined) {
    throw new EngineError("invalid", "refusing to create a tag with a digest reference");
  }
  return familiarName(withDefaultTag(reference));
}

/** The records to write so that `image` has `tag` and nothing else has it. */
export function moveTag(
  tag: string,
  image: ImageRecord,
  all: readonly ImageRecord[],
): readonly ImageRecord[] {
  const losers = all
    .filter((other) => other.id !== image.id && other.tags.includes(tag))
    .map((other) => ({ ...other, tags: other.tags.filter((name) => name !== tag) }));
  return [...losers, { ...image, tags: [...new Set([...image.tags, tag])].sort() }];
}

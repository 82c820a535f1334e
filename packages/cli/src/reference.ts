import {
  familiarName,
  InvalidReferenceError,
  parseReference as parse,
  type Reference,
  withDefaultTag,
} from "@davit/protocol";
import { Failure } from "./failure.ts";

export { familiarRepository } from "@davit/protocol";

/** Parses what a user typed; a missing registry becomes `docker.io`, a missing tag stays missing. */
export function parseReference(text: string): Reference {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    throw new Failure(error.message);
  }
}

/** The whole reference as people write it, `:latest` added if it names neither tag nor digest. */
export const familiarTagged = (reference: Reference): string => familiarName(withDefaultTag(reference));

/** The reference with its registry spelled out, as daemons print what they pulled or pushed. */
export function canonicalText({ domain, path, tag, digest }: Reference, allTags: boolean): string {
  const suffix =
    digest === undefined ? `:${tag ?? "latest"}` : `${tag === undefined ? "" : `:${tag}`}@${digest}`;
  return `${domain}/${path}${allTags ? "" : suffix}`;
}

/** A local name with its tag; a digest is no name: `invalid name: X`. */
export function localName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw new Failure(`invalid name: ${text}`);
  return familiarTagged(reference);
}

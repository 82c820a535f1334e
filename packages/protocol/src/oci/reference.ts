import { type Digest, isDigest } from "./digest.ts";

// https://github.com/distribution/reference

const defaultDomain = "docker.io";
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const domainPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
const fullIdPattern = /^[a-f0-9]{64}$/;

/** A normalised reference: where an artifact is (`domain`, `path`) and which one (`tag`, `digest`). */
export interface Reference {
  /** e.g. `docker.io`, `localhost:5000` */
  readonly domain: string;
  /** e.g. `library/busybox`, `vieux/sshfs` */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** What was typed is no reference; the message says why, in the Engine's words. */
export class InvalidReferenceError extends Error {
  override readonly name = "InvalidReferenceError";
}

const invalid = (detail = ""): InvalidReferenceError =>
  new InvalidReferenceError(`invalid reference format${detail === "" ? "" : `: ${detail}`}`);

/** Parses what a user typed; a missing registry becomes `docker.io`, a missing tag stays missing. */
export function parseReference(text: string): Reference {
  if (fullIdPattern.test(text)) {
    throw new InvalidReferenceError(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  }
  const at = text.indexOf("@");
  const named = at === -1 ? text : text.slice(0, at);
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid();
  const { domain, remainder } = splitDomain(named);
  const colon = remainder.lastIndexOf(":");
  const path = colon === -1 ? remainder : remainder.slice(0, colon);
  const tag = colon === -1 ? undefined : remainder.slice(colon + 1);
  if (/[A-Z]/.test(path)) throw invalid(`repository name (${path}) must be lowercase`);
  if (!pathPattern.test(path) || !domainPattern.test(domain)) throw invalid();
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid();
  if (domain.length + 1 + path.length > 255) {
    throw new InvalidReferenceError("repository name must not be more than 255 characters");
  }
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function splitDomain(named: string): { domain: string; remainder: string } {
  const slash = named.indexOf("/");
  const first = slash === -1 ? "" : named.slice(0, slash);
  const isDomain = /[.:A-Z]/.test(first) || first === "localhost";
  const domain = isDomain ? (first === "index.docker.io" ? defaultDomain : first) : defaultDomain;
  const remainder = isDomain ? named.slice(slash + 1) : named;
  return {
    domain,
    remainder: domain === defaultDomain && !remainder.includes("/") ? `library/${remainder}` : remainder,
  };
}

/** The reference with `:latest` if it names neither tag nor digest. */
export const withDefaultTag = (reference: Reference): Reference =>
  reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;

/** Domain and path, e.g. `docker.io/vieux/sshfs`. */
export const repositoryOf = (reference: Reference): string => `${reference.domain}/${reference.path}`;

const suffixOf = ({ tag, digest }: Reference): string =>
  (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);

/** The whole reference with its domain, e.g. `docker.io/vieux/sshfs:latest`. */
export const canonicalName = (reference: Reference): string => repositoryOf(reference) + suffixOf(reference);

/** The repository as people write it: without `docker.io/` and `library/`. */
export function familiarRepository({ domain, path }: Reference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  return path.startsWith("library/") && !path.slice(8).includes("/") ? path.slice("library/".length) : path;
}

/** The whole reference as people write it, e.g. `vieux/sshfs:latest`. */
export const familiarName = (reference: Reference): string =>
  familiarRepository(reference) + suffixOf(reference);

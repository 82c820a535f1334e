import { Failure } from "./failure.ts";

// https://github.com/distribution/reference

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domainPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-f0-9]{32,}$/;
const hub = "docker.io";

/** A name as typed, taken apart: enough to ask the right registry's credentials and to show the short form. */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Parses what a user typed; a missing registry becomes `docker.io`, a missing tag stays missing. */
export function parseReference(text: string): Reference {
  const at = text.indexOf("@");
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const named = at === -1 ? text : text.slice(0, at);
  const slash = named.indexOf("/");
  const first = slash === -1 ? "" : named.slice(0, slash);
  const hasDomain = /[.:A-Z]/.test(first) || first === "localhost";
  const domain = !hasDomain || first === "index.docker.io" ? hub : first;
  const rest = hasDomain ? named.slice(slash + 1) : named;
  const remainder = domain === hub && !rest.includes("/") ? `library/${rest}` : rest;
  const colon = remainder.lastIndexOf(":");
  const path = colon === -1 ? remainder : remainder.slice(0, colon);
  const tag = colon === -1 ? undefined : remainder.slice(colon + 1);
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new Failure(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  if (/[A-Z]/.test(path)) {
    throw new Failure(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  const bad =
    !pathPattern.test(path) ||
    !domainPattern.test(domain) ||
    (tag !== undefined && !tagPattern.test(tag)) ||
    (digest !== undefined && !digestPattern.test(digest));
  if (bad) throw new Failure("invalid reference format");
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The repository as people write it: without `docker.io/` and `library/`. */
export function familiarRepository({ domain, path }: Reference): string {
  if (domain !== hub) return `${domain}/${path}`;
  return /^library\/[^/]+$/.test(path) ? path.slice("library/".length) : path;
}

/** The whole reference as people write it, `:latest` added if it names neither tag nor digest. */
export function familiarTagged(reference: Reference): string {
  const { tag, digest } = reference;
  const suffix = (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
  return familiarRepository(reference) + (suffix === "" ? ":latest" : suffix);
}

/** A local name with its tag; a digest is no name: `invalid name: X`. */
export function localName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw new Failure(`invalid name: ${text}`);
  return familiarTagged(reference);
}

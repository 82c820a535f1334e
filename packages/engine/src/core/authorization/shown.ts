import { EngineError } from "../errors.ts";

/** The largest body of a request that plugins are asked about; a longer one is refused. */
export const shownRequestBytes = 4 * 1024 * 1024;
/** The same for answers, which grow with what the engine holds and not as an attacker likes. */
export const shownResponseBytes = 16 * 1024 * 1024;

export const tooLarge = (what: "request" | "response", limitBytes: number): EngineError =>
  new EngineError(
    "forbidden",
    `${what} body too large for authorization plugin: size exceeds ${limitBytes} bytes`,
  );

/** Whether the body is JSON by its type, parameters and case aside: only such bodies are shown. */
export const isJsonType = (contentType: string | undefined): boolean =>
  (contentType?.split(";")[0] ?? "").trim().toLowerCase() === "application/json";

/** Credentials for registries, and what else HTTP would authenticate by. */
const secretHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-registry-auth",
  "x-registry-config",
]);
/** Of the connection and not of the request; Go's server takes them out before anybody sees them. */
const transportHeaders: ReadonlySet<string> = new Set(["host", "transfer-encoding", "trailer"]);

/** Headers as plugins know them: names as Go writes them, the last value of each, no credentials. */
export function shownHeaders(raw: readonly (readonly [string, string])[]): Record<string, string> {
  const shown = new Map<string, string>();
  for (const [name, value] of raw) {
    const lower = name.toLowerCase();
    if (!secretHeaders.has(lower) && !transportHeaders.has(lower)) shown.set(goName(lower), value);
  }
  return Object.fromEntries(shown);
}

const goName = (lower: string): string => lower.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());

/** What Go leaves as it is in a path. */
const plain = /[A-Za-z0-9\-._~$&+,/:;=@]/;

/**
 * The target of a request as plugins see it: the path with nothing encoded that need not be, so that what they match against is
 * what the engine routes by; the query as it came. `/%63ontainers/create` is `/containers/create` to them.
 */
export function shownTarget(path: string, query: string): string {
  const shown = path.replace(/%([0-9A-Fa-f]{2})/g, (code, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return plain.test(character) ? character : code.toUpperCase();
  });
  return query === "" ? shown : `${shown}?${query}`;
}

/** Headers that mean something to the engine and are shown: of two it reads the first, and plugins see the last. */
const singleHeaders: ReadonlySet<string> = new Set(["content-type", "x-davit-privileges"]);

/** Refuses headers that are there twice, and a query of which Go's parser and others drop a part that this engine reads. */
export function requireOneReading(query: string, headers: readonly (readonly [string, string])[]): void {
  const names = headers.map(([name]) => name.toLowerCase()).filter((name) => singleHeaders.has(name));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw new EngineError(
      "invalid",
      `header ${goName(twice)} is given twice: it must not be, since plugins authorise requests`,
    );
  }
  if (!query.includes(";") && !/%(?![0-9A-Fa-f]{2})/.test(query)) return;
  throw new EngineError(
    "invalid",
    "the query can be read in several ways: encode each ; as %3B and each % as %25, since plugins authorise requests",
  );
}

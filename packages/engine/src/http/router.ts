import { ApiVersion } from "./api-version.ts";
import type { Route } from "./route.ts";

interface CompiledRoute {
  readonly route: Route;
  readonly pattern: RegExp;
}

export type RouteMatch =
  | {
      readonly kind: "found";
      readonly route: Route;
      readonly params: Readonly<Record<string, string>>;
      /** Undefined if the path names none. */
      readonly version: ApiVersion | undefined;
      readonly path: string;
    }
  /** The path was not in its shortest form; `path` is. */
  | { readonly kind: "redirect"; readonly path: string }
  | { readonly kind: "undecodable" }
  | { readonly kind: "not-found" };

export type Router = (method: string, rawPath: string) => RouteMatch;

/** Builds the table: routes without parameters first, each group in its given order. */
export function createRouter(routes: readonly Route[]): Router {
  const isLiteral = ({ path }: Route): boolean => !path.includes("{");
  const ordered = [...routes.filter(isLiteral), ...routes.filter((route) => !isLiteral(route))];
  const table = ordered.map((route): CompiledRoute => ({ route, pattern: compilePath(route.path) }));
  return (method, rawPath) => match(table, method, rawPath);
}

function match(table: readonly CompiledRoute[], method: string, rawPath: string): RouteMatch {
  const decoded = decodePath(rawPath);
  if (decoded === undefined) return { kind: "undecodable" };
  const clean = cleanPath(decoded);
  if (clean !== decoded) return { kind: "redirect", path: clean };
  const versioned = /^\/v([0-9.]+)(\/.*)$/.exec(clean);
  const version = versioned === null ? undefined : ApiVersion.parse(versioned[1] ?? "");
  if (versioned !== null && version === undefined) return { kind: "not-found" };
  const path = versioned?.[2] ?? clean;
  for (const { route, pattern } of table) {
    if (route.method !== method) continue;
    const found = pattern.exec(path);
    if (found !== null) return { kind: "found", route, params: { ...found.groups }, version, path };
  }
  return { kind: "not-found" };
}

function compilePath(path: string): RegExp {
  const source = path
    .split(/(\{[^}]+\})/)
    .map((part) => {
      if (!part.startsWith("{")) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const [name = "", greedy] = part.slice(1, -1).split(":");
      return `(?<${name}>${greedy === undefined ? "[^/]+" : ".+"})`;
    })
    .join("");
  return new RegExp(`^${source}$`, "s");
}

function decodePath(rawPath: string): string | undefined {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    return undefined;
  }
}

/** Without empty segments, `.` and `..`; a slash at the end stays. */
function cleanPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  const joined = `/${segments.join("/")}`;
  return path.endsWith("/") && joined !== "/" ? `${joined}/` : joined;
}

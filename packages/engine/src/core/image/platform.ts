import type { Descriptor, Index } from "@davit/protocol";
import { EngineError } from "../errors.ts";

/** In Go's words: `linux`, `amd64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** `linux`, `linux/amd64` or `linux/arm64/v8`; what is missing is the engine's own. */
export function parsePlatform(text: string, own: Platform): Platform {
  if (text === "") return own;
  const [os = "", architecture = own.architecture, variant, ...rest] = text.toLowerCase().split("/");
  if (rest.length > 0) {
    throw new EngineError("invalid", `"${text}": cannot parse platform specifier: invalid argument`);
  }
  if (!/^[a-z0-9]+$/.test(os) || !/^[a-z0-9_]+$/.test(architecture) || !/^[a-z0-9.]*$/.test(variant ?? "")) {
    throw new EngineError("invalid", `"${text}" is an invalid platform`);
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** What a machine of an architecture is if nothing more is said of it. */
const usualVariants: Readonly<Partial<Record<string, string>>> = { arm: "v7", arm64: "v8" };

/**
 * The entry that suits the platform best: its own variant, then the nearest earlier one, then one that tells none. For an entry
 * without a variant the architecture's usual one is meant.
 * https://github.com/opencontainers/image-spec/blob/main/image-index.md#platform-variants
 */
export function bestForPlatform(entries: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const level = (variant: string | undefined): number =>
    Number(/^v(\d+)$/.exec(variant ?? usualVariants[wanted.architecture] ?? "v1")?.[1] ?? Number.NaN);
  const most = level(wanted.variant);
  const rated = entries.flatMap((entry) => {
    const { platform } = entry;
    if (platform?.os !== wanted.os || platform.architecture !== wanted.architecture) return [];
    if (platform.variant === wanted.variant) return [{ entry, rating: Number.POSITIVE_INFINITY }];
    const rating = level(platform.variant);
    return rating <= most ? [{ entry, rating }] : [];
  });
  // The first of equals.
  return rated.toSorted((a, b) => b.rating - a.rating)[0]?.entry;
}

export const platformName = ({ os, architecture, variant }: Platform): string =>
  `${os}/${architecture}${variant === undefined ? "" : `/${variant}`}`;

/** The manifest of an index that is for the platform. */
export function manifestForPlatform(index: Index, wanted: Platform): Descriptor {
  const match = bestForPlatform(index.manifests, wanted);
  if (match === undefined) {
    throw new EngineError(
      "not-found",
      `no matching manifest for ${platformName(wanted)} in the manifest list entries`,
    );
  }
  return match;
}

import type { Descriptor, Index } from "@davit/protocol";
import { EngineError } from "../errors.ts";

/** In Go's words: `linux`, `amd64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** Other names that are in use. */
const systems: Readonly<Partial<Record<string, string>>> = { macos: "darwin" };
const architectures: Readonly<Partial<Record<string, readonly [string, string?]>>> = {
  i386: ["386"],
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  aarch64: ["arm64"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};

const knownSystems: ReadonlySet<string> = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split(
    " ",
  ),
);
const knownArchitectures: ReadonlySet<string> = new Set(
  (
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le " +
    "riscv riscv64 s390 s390x sparc sparc64 wasm"
  ).split(" "),
);

/** `linux`, `arm64`, `linux/amd64` or `linux/arm64/v8`; what is missing is the engine's own. Refused in the Engine's words. */
export function parsePlatform(text: string, own: Platform): Platform {
  if (text === "") return own;
  const parts = text.split("/");
  const bad = parts.find((part) => !/^[A-Za-z0-9_.-]+$/.test(part));
  if (bad !== undefined) {
    throw new EngineError(
      "invalid",
      `"${bad}" is an invalid component of "${text}": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
    );
  }
  const [first = "", second, third, ...rest] = parts.map((part) => part.toLowerCase());
  if (rest.length > 0) {
    throw new EngineError("invalid", `"${text}": cannot parse platform specifier: invalid argument`);
  }
  const os = systems[first] ?? first;
  if (second !== undefined) return withVariant(os, second, third);
  if (knownSystems.has(os)) return { ...own, os };
  const [architecture] = architectures[first] ?? [first];
  if (knownArchitectures.has(architecture)) return withVariant(own.os, first, undefined);
  throw new EngineError("invalid", `"${text}": unknown operating system or architecture: invalid argument`);
}

function withVariant(os: string, typed: string, given: string | undefined): Platform {
  const [architecture, implied] = architectures[typed] ?? [typed];
  const variant = given === undefined ? implied : given.replace(/^(?=\d)/, "v");
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
  const rated = entries.flatMap((entry) => {
    const { platform } = entry;
    if (platform?.os !== wanted.os || platform.architecture !== wanted.architecture) return [];
    const suits = rating(platform.variant, wanted);
    return suits === Number.NEGATIVE_INFINITY ? [] : [{ entry, suits }];
  });
  // The first of equals.
  return rated.toSorted((a, b) => b.suits - a.suits)[0]?.entry;
}

/** What machines of an architecture run besides. */
const alsoRun: Readonly<Partial<Record<string, readonly string[]>>> = { amd64: ["386"], arm64: ["arm"] };

/** Whether what was made for `actual` can be taken where `wanted` was asked for. */
export function runsOn(wanted: Platform, actual: Platform): boolean {
  if (actual.os !== wanted.os) return false;
  if (alsoRun[wanted.architecture]?.includes(actual.architecture) === true) return true;
  return (
    actual.architecture === wanted.architecture && rating(actual.variant, wanted) > Number.NEGATIVE_INFINITY
  );
}

/** How well a variant of the wanted architecture suits, the wanted one best; minus infinity if it does not. */
function rating(variant: string | undefined, wanted: Platform): number {
  if (variant === wanted.variant) return Number.POSITIVE_INFINITY;
  const level = (name: string | undefined): number =>
    Number(/^v(\d+)$/.exec(name ?? usualVariants[wanted.architecture] ?? "v1")?.[1] ?? Number.NaN);
  const found = level(variant);
  return found <= level(wanted.variant) ? found : Number.NEGATIVE_INFINITY;
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

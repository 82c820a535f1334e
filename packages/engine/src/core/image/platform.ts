import type { Descriptor, Index } from "@davit/protocol";
import { EngineError } from "../errors.ts";

/** In Go's words: `linux`, `amd64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** `linux`, `linux/amd64` or `linux/arm64/v8`; what is missing is the engine's own. */
export function parsePlatform(text: string, own: Platform): Platform {
  if (text === "") return own;
  const [os = "", architecture = own.architecture, variant] = text.toLowerCase().split("/");
  if (!/^[a-z0-9]+$/.test(os) || !/^[a-z0-9_]+$/.test(architecture)) {
    throw new EngineError("invalid", `"${text}" is an invalid platform`);
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

const platformName = ({ os, architecture, variant }: Platform): string =>
  `${os}/${architecture}${variant === undefined ? "" : `/${variant}`}`;

/** The manifest of an index that is for the platform. */
export function manifestForPlatform(index: Index, wanted: Platform): Descriptor {
  const fitting = index.manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const match =
    wanted.variant === undefined
      ? fitting[0]
      : fitting.find(({ platform }) => platform?.variant === wanted.variant);
  if (match === undefined) {
    throw new EngineError(
      "not-found",
      `no matching manifest for ${platformName(wanted)} in the manifest list entries`,
    );
  }
  return match;
}

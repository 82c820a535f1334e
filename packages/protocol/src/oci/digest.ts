import * as z from "zod";

export const digestPattern = /^sha256:[a-f0-9]{64}$/;

/** `sha256:<64 lower-case hex>`. */
export type Digest = `sha256:${string}`;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

export const digestSchema = z.string().refine(isDigest, { message: "expected a sha256 digest" });

/** The hex part, which names the blob's file. */
export const digestHex = (digest: Digest): string => digest.slice("sha256:".length);

import type { Digest } from "@davit/protocol";

/**
 * The chain IDs of a stack of layers, bottom first: each names a layer together with all below it.
 * https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
export async function chainIds(diffIds: readonly Digest[]): Promise<readonly Digest[]> {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : await sha256(`${below} ${diffId}`));
  }
  return chain;
}

async function sha256(text: string): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

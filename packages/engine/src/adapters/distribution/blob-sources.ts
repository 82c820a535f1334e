import type { Digest } from "@davit/protocol";
import type { Reference } from "../../core/reference.ts";

/** Enough for the layers of a few hundred images. */
const maxBlobs = 10_000;

/** Which repositories were seen to hold a blob, for as long as the engine runs; the latest only. */
export class BlobSources {
  readonly #paths = new Map<string, string>();

  add({ domain, path }: Reference, digest: Digest): void {
    const key = `${domain} ${digest}`;
    this.#paths.delete(key);
    this.#paths.set(key, path);
    if (this.#paths.size <= maxBlobs) return;
    const [oldest] = this.#paths.keys();
    if (oldest !== undefined) this.#paths.delete(oldest);
  }

  /** Paths of repositories at that registry. */
  of(domain: string, digest: Digest): readonly string[] {
    const path = this.#paths.get(`${domain} ${digest}`);
    return path === undefined ? [] : [path];
  }
}

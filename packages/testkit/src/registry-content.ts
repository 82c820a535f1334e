import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { mustRun } from "./command.ts";

export interface PublishedDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

const describe = (bytes: Uint8Array, mediaType: string): PublishedDescriptor => ({
  mediaType,
  digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
  size: bytes.length,
});

/** Uploads a blob as it is. `repository` is e.g. `http://127.0.0.1:40123/v2/acme/v`. */
export async function publishBlob(
  repository: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<PublishedDescriptor> {
  const descriptor = describe(bytes, mediaType);
  const begun = await fetch(`${repository}/blobs/uploads/`, { method: "POST" });
  const upload = new URL(begun.headers.get("location") ?? "", repository);
  upload.searchParams.set("digest", descriptor.digest);
  const headers = { "Content-Type": "application/octet-stream" };
  await requireCreated(await fetch(upload, { method: "PUT", headers, body: new Uint8Array(bytes) }));
  return descriptor;
}

/** Uploads a manifest or an index under a tag, or under its digest if there is none. */
export async function publishManifest(
  repository: string,
  content: Readonly<Record<string, unknown>> & { readonly mediaType: string },
  tag?: string,
): Promise<PublishedDescriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }));
  const descriptor = describe(bytes, content.mediaType);
  const url = `${repository}/manifests/${tag ?? descriptor.digest}`;
  const headers = { "Content-Type": content.mediaType };
  await requireCreated(await fetch(url, { method: "PUT", headers, body: bytes }));
  return descriptor;
}

async function requireCreated(answer: Response): Promise<void> {
  const said = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.url}: ${String(answer.status)} ${said}`);
}

/** A directory as a layer, not compressed; whiteouts are files named as such. */
export async function layerOf(dir: string): Promise<Uint8Array> {
  const file = `${dir}.tar`;
  await mustRun("tar", ["--sort=name", "--owner=0", "--group=0", "-C", dir, "-cf", file, "."]);
  return readFile(file);
}

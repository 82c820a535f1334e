import type { Descriptor, Digest, RegistryAuth } from "@davit/protocol";
import type { Reference } from "../reference.ts";
import type { ByteStream, OnBytes } from "./byte-stream.ts";

export interface RegistryAccess {
  readonly actions: "pull" | "push";
  /** Which class of token to ask for besides `repository`: plugins are `repository(plugin)` at some registries. */
  readonly resource: "plugin" | "image";
  readonly auth?: RegistryAuth | undefined;
  /** Passed on to the registry: the client's `X-Meta-*`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface RemoteManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Where artifacts come from and go to. Errors are EngineErrors that name the reference and the reason. */
export interface Registry {
  /** One repository for one operation: endpoints are tried and tokens are fetched once. Makes no request itself. */
  open(reference: Reference, access: RegistryAccess): RegistrySession;
  /** Checks credentials; answers the registry's identity token, `""` if it gave none. */
  login(auth: RegistryAuth, signal: AbortSignal): Promise<string>;
}

export interface UploadRequest {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly open: () => ByteStream;
  /** Paths of repositories of the same registry that are known to have the blob, best first. */
  readonly alsoIn?: readonly string[];
}

export type UploadOutcome = "sent" | "exists" | { readonly mountedFrom: string };

export interface RegistrySession {
  /** A manifest or an index by tag or digest, its digest verified; at most 4 MiB. */
  manifest(which: string): Promise<RemoteManifest>;
  /**
   * A blob's bytes from `offsetBytes` on, which go on where a connection broke, a bounded number of times; the digest is
   * the caller's to verify.
   */
  blob(descriptor: Descriptor, offsetBytes: number, signal: AbortSignal): Promise<ByteStream>;
  /** Sends a blob unless it is there, or in another repository of the registry; answers which. */
  upload(blob: UploadRequest, onBytes?: OnBytes): Promise<UploadOutcome>;
  /** Publishes a manifest under a tag, unless the tag already has that digest. */
  putManifest(tag: string, mediaType: string, bytes: Uint8Array): Promise<Digest>;
}

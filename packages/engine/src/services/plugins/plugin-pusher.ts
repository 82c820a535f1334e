import { type Digest, digestHex } from "@davit/protocol";
import { EngineError, isCanceled, messageOf } from "../../core/errors.ts";
import { manifestType } from "../../core/plugin/artifact.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { Registry, RegistrySession } from "../../core/ports/registry.ts";
import { familiarRepository, parseReference, type Reference, withDefaultTag } from "../../core/reference.ts";
import type { RemoteAccess, Report } from "./plugin-fetcher.ts";

/** Publishes a plugin under its own name: the layers and configuration that the registry lacks, then the manifest. */
export class PluginPusher {
  readonly #registry: Registry;
  readonly #content: ContentStore;

  constructor({ registry, content }: { readonly registry: Registry; readonly content: ContentStore }) {
    this.#registry = registry;
    this.#content = content;
  }

  async push(record: PluginRecord, access: RemoteAccess, report: Report): Promise<void> {
    const reference = withDefaultTag(parseReference(record.name));
    const tag = reference.tag ?? "latest";
    const session = this.#registry.open(reference, { actions: "push", resource: "plugin", ...access });
    report({ status: `The push refers to repository [${familiarRepository(reference)}]` });
    const blobs = [...record.layers.map(({ digest }) => digest), record.configDigest];
    for (const digest of [record.manifestDigest, ...blobs]) {
      report({ status: "Preparing", progressDetail: {}, id: shortDigest(digest) });
    }
    try {
      const alsoIn = sourcesOf(record, reference);
      await Promise.all(blobs.map((digest) => this.#upload(session, { digest, alsoIn }, report)));
      const manifest = await this.#content.readAll(record.manifestDigest);
      const digest = await session.putManifest(tag, manifestType(manifest), manifest);
      report({ status: "Upload complete", progressDetail: {}, id: shortDigest(record.manifestDigest) });
      report({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: manifest.byteLength } });
    } catch (error) {
      if (isCanceled(error)) throw error;
      const kind = error instanceof EngineError ? error.kind : "internal";
      throw new EngineError(kind, `error pushing plugin: ${messageOf(error)}`, { cause: error });
    }
  }

  async #upload(
    session: RegistrySession,
    { digest, alsoIn }: { readonly digest: Digest; readonly alsoIn: readonly string[] },
    report: Report,
  ): Promise<void> {
    const info = await this.#content.stat(digest);
    if (info === undefined)
      throw new EngineError("internal", `blob ${digest} is missing from the content store`);
    const id = shortDigest(digest);
    await session.upload({ ...info, alsoIn, open: () => this.#content.read(digest) }, (current) =>
      report({ status: "Uploading", progressDetail: { current, total: info.sizeBytes }, id }),
    );
    report({ status: "Upload complete", progressDetail: {}, id });
  }
}

/** The repository that it was pulled from, if that is another one of the same registry. */
function sourcesOf(record: PluginRecord, target: Reference): readonly string[] {
  const { domain, path } = parseReference(record.reference);
  return domain === target.domain && path !== target.path ? [path] : [];
}

const shortDigest = (digest: Digest): string => digestHex(digest).slice(0, 12);

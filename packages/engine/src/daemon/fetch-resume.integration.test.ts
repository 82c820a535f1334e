import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { mediaTypes } from "@davit/protocol";
import { startDockerRegistry } from "@davit/testkit";
import { expect, it } from "vitest";
import { DiskContentStore } from "../adapters/content/disk-content-store.ts";
import { RegistryClient } from "../adapters/distribution/registry-client.ts";
import { parseReference } from "../core/reference.ts";

it("continues a broken-off fetch from a registry where it stopped", async () => {
  await using stack = new AsyncDisposableStack();
  const root = await mkdtemp(`${tmpdir()}/content-`);
  stack.defer(async () => await rm(root, { recursive: true }));
  const registry = await startDockerRegistry();
  stack.defer(async () => await registry.stop());
  const client = new RegistryClient({
    insecureRegistries: [],
    registryMirrors: [],
    userAgent: "docker/test",
  });
  stack.defer(async () => await client.close());

  const reference = parseReference(`${registry.host}/a/resume`);
  const { signal } = new AbortController();
  const [near, far] = [new DiskContentStore(`${root}/near`), new DiskContentStore(`${root}/far`)];
  const expected = await near.write(Readable.from([randomBytes(1_500_000)]));
  const upload = client.open(reference, { actions: "push", resource: "plugin", signal });
  await upload.upload({ ...expected, open: () => near.read(expected.digest) });

  const session = client.open(reference, { actions: "pull", resource: "plugin", signal });
  const layer = { mediaType: mediaTypes.dockerLayerGzip, digest: expected.digest, size: expected.sizeBytes };
  const cancel = new AbortController();
  const broken = far.fetch(expected, async (offset, own) => await session.blob(layer, offset, own), {
    signal: cancel.signal,
    onBytes: (current) => {
      if (current > 200_000) cancel.abort();
    },
  });
  await expect(broken).rejects.toMatchObject({ kind: "canceled" });

  const offsets: number[] = [];
  await far.fetch(expected, async (offset, own) => {
    offsets.push(offset);
    return await session.blob(layer, offset, own);
  });
  expect(offsets).toHaveLength(1);
  expect(offsets[0]).toBeGreaterThan(200_000);
  expect(await far.stat(expected.digest)).toEqual(expected);
  expect(await readdir(`${root}/far/ingest`)).toEqual([]);
});

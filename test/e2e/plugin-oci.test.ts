import { createHash } from "node:crypto";
import { type DockerRegistry, startDockerRegistry } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
});
afterAll(() => cleanup.disposeAsync());

const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
const dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";
const ociLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
const ociImageConfig = "application/vnd.oci.image.config.v1+json";
const pluginType = "application/vnd.docker.plugin.v1+json";

/** A plugin's manifest, in OCI's form; its blobs are in the repository. */
async function published(repository: string): Promise<string> {
  const name = `${registry.host}/${repository}:docker`;
  await davitd.engine.ok(["plugin", "create", name, davitd.plugin]);
  await davitd.engine.ok(["plugin", "push", name]);
  await davitd.engine.ok(["plugin", "rm", name]);
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/docker`, {
    headers: { Accept: dockerManifest },
  });
  return (await answer.text()).replace(dockerManifest, ociManifest).replaceAll(dockerLayer, ociLayer);
}

async function put(repository: string, tag: string, mediaType: string, body: string) {
  const { status } = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "Content-Type": mediaType },
    body,
  });
  expect(status).toBe(201);
  return {
    mediaType,
    digest: `sha256:${createHash("sha256").update(body).digest("hex")}`,
    size: body.length,
  };
}

async function expectWorks(name: string): Promise<void> {
  await davitd.engine.ok(["plugin", "install", "--grant-all-permissions", name]);
  await davitd.engine.ok(["volume", "create", "-d", name, "v"]);
  await davitd.engine.ok(["volume", "rm", "v"]);
  await davitd.engine.ok(["plugin", "rm", "-f", name]);
}

test("a plugin in OCI's forms is installed like one in Docker's", async () => {
  const manifest = await published("acme/oci");
  await put("acme/oci", "config", ociManifest, manifest);
  const artifact = manifest
    .replace(pluginType, ociImageConfig)
    .replace(/^\{/, `{"artifactType":"${pluginType}",`);
  await put("acme/oci", "artifact", ociManifest, artifact);
  await expectWorks(`${registry.host}/acme/oci:config`);
  await expectWorks(`${registry.host}/acme/oci:artifact`);
});

test("a plugin whose configuration tells other diff IDs, as those of a Docker Engine do, installs all the same", async () => {
  const manifest = await published("acme/wrong");
  const digests = [...manifest.matchAll(/sha256:\w{64}/g)].map(([digest]) => digest);
  const [configDigest = ""] = digests;
  const config = await (await fetch(`${registry.url}/v2/acme/wrong/blobs/${configDigest}`)).text();
  const wrong = config.replace(/"diff_ids":\["sha256:\w{64}"\]/, `"diff_ids":["sha256:${"0".repeat(64)}"]`);
  expect(wrong).not.toBe(config);
  const digest = `sha256:${createHash("sha256").update(wrong).digest("hex")}`;
  const begun = await fetch(`${registry.url}/v2/acme/wrong/blobs/uploads/`, { method: "POST" });
  await fetch(`${begun.headers.get("location")}&digest=${digest}`, { method: "PUT", body: wrong });
  await put("acme/wrong", "1", ociManifest, manifest.replace(configDigest, digest));
  await expectWorks(`${registry.host}/acme/wrong:1`);
});

test("of a plugin for several platforms the one for this host is installed, and pushed elsewhere", async () => {
  const manifest = await published("acme/many");
  const own = await put("acme/many", "amd64", ociManifest, manifest);
  const other = await put("acme/many", "arm", ociManifest, `${manifest}\n`);
  const manifests = [
    { ...other, platform: { os: "linux", architecture: "arm", variant: "v7" } },
    { ...own, platform: { os: "linux", architecture: "amd64" } },
  ];
  await put("acme/many", "1", ociIndex, JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }));
  const name = `${registry.host}/acme/many:1`;
  await expectWorks(name);
  const elsewhere = `${registry.host}/acme/elsewhere:1`;
  const options = ["--grant-all-permissions", "--disable", "--alias", elsewhere];
  await davitd.engine.ok(["plugin", "install", ...options, name]);
  await davitd.engine.ok(["plugin", "push", elsewhere]);
  const answer = await fetch(`${registry.url}/v2/acme/elsewhere/manifests/1`, {
    headers: { Accept: ociManifest },
  });
  expect(answer.headers.get("docker-content-digest")).toBe(own.digest);
});

import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { findPeer, mustRun, peerEnvironment, startDavitd, startDockerRegistry } from "@davit/testkit";
import { expect, test } from "vitest";
import { download } from "./download.ts";
import { expectNothingLeft } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

const granting = (privileges: unknown) => ({
  "X-Davit-Privileges": Buffer.from(JSON.stringify(privileges)).toString("base64url"),
});
const needed = [
  { Name: "capabilities", Description: "list of additional capabilities required", Value: ["CAP_SYS_ADMIN"] },
];
const skopeo = (...args: readonly string[]) => mustRun(findPeer("skopeo"), args, { env: peerEnvironment() });

async function saved(name: string): Promise<{ readonly file: string; readonly bytes: Uint8Array }> {
  const file = davitd.dir.join(`${name.replaceAll(/\W/g, "-")}.tar`);
  const { status, headers } = await download(davitd.engine, `/plugins/${name}/export`, file);
  expect(status).toBe(200);
  expect(headers).toMatchObject({ "content-type": "application/x-tar", "docker-plugin-name": name });
  return { file, bytes: await readFile(file) };
}

test("a plugin that was saved is loaded, enabled and used on a host without a network", async () => {
  await davitd.engine.ok(["plugin", "create", "acme/round:1", davitd.plugin]);
  const { bytes } = await saved("acme/round:1");
  await davitd.engine.ok(["plugin", "rm", "acme/round:1"]);
  await using other = await startDavitd();
  const refused = await other.request("POST", "/plugins/load", { body: bytes });
  expect(refused.status).toBe(403);
  expect(JSON.parse(refused.body)).toEqual({
    message: "plugin docker.io/acme/round:1 requires privileges that were not granted",
    Privileges: needed,
  });
  expect(await other.ok(["plugin", "ls", "-q"])).toBe("");
  const loaded = await other.request("POST", "/plugins/load", { body: bytes, headers: granting(needed) });
  expect(loaded).toMatchObject({ status: 200 });
  const id = await other.ok(["plugin", "ls", "-q", "--no-trunc"]);
  expect(JSON.parse(loaded.body)).toEqual({
    Id: id,
    Name: "acme/round:1",
    Digest: expect.stringMatching(/^sha256:\w{64}$/),
  });
  expect(await other.ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])).toBe("acme/round:1 false");
  await other.ok(["plugin", "enable", "acme/round:1"]);
  await other.ok(["volume", "create", "-d", "acme/round:1", "v"]);
  await other.ok(["volume", "rm", "v"]);
  await other.ok(["plugin", "disable", "acme/round:1"]);
  await other.ok(["plugin", "rm", "acme/round:1"]);
  await expectNothingLeft(other);
});

test("an archive that is loaded and saved again is the same, and so is what is pushed of it", async () => {
  const registry = await startDockerRegistry();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => registry.stop());
  const name = `${registry.host}/acme/same:1`;
  await davitd.engine.ok(["plugin", "create", name, davitd.plugin]);
  await davitd.engine.ok(["plugin", "push", name]);
  const first = await saved(name);
  await davitd.engine.ok(["plugin", "rm", name]);
  const body = gzipSync(first.bytes);
  const loaded = await davitd.engine.request("POST", "/plugins/load", { body, headers: granting(needed) });
  expect(loaded).toMatchObject({ status: 200 });
  const again = await saved(name);
  expect(Buffer.compare(again.bytes, first.bytes)).toBe(0);
  const remote = await fetch(`${registry.url}/v2/acme/same/manifests/1`, {
    headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
  });
  expect(JSON.parse(loaded.body)).toMatchObject({ Digest: remote.headers.get("docker-content-digest") });
  await davitd.engine.ok(["plugin", "rm", name]);
});

test("skopeo reads an archive, and davit reads one of skopeo's", async () => {
  const registry = await startDockerRegistry();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => registry.stop());
  const name = `${registry.host}/acme/peer:1`;
  await davitd.engine.ok(["plugin", "create", name, davitd.plugin]);
  await davitd.engine.ok(["plugin", "push", name]);
  const { file } = await saved(name);
  const manifest: unknown = JSON.parse(await skopeo("inspect", "--raw", `oci-archive:${file}`));
  expect(manifest).toMatchObject({ config: { mediaType: "application/vnd.docker.plugin.v1+json" } });
  await skopeo("inspect", `oci-archive:${file}`);
  const copied = davitd.dir.join("copied.tar");
  await skopeo(
    "copy",
    "--src-tls-verify=false",
    "--preserve-digests",
    `docker://${name}`,
    `oci-archive:${copied}:1`,
  );
  await davitd.engine.ok(["plugin", "rm", name]);
  const body = await readFile(copied);
  const unnamed = await davitd.engine.request("POST", "/plugins/load", { body, headers: granting(needed) });
  expect(unnamed.status).toBe(400);
  expect(unnamed.body).toContain("the archive does not name it");
  const path = "/plugins/load?name=acme/peer:2";
  const loaded = await davitd.engine.request("POST", path, { body, headers: granting(needed) });
  expect(loaded).toMatchObject({ status: 200 });
  await davitd.engine.ok(["plugin", "rm", "acme/peer:2"]);
});

test("loading refuses what is bad and leaves nothing", async () => {
  await davitd.engine.ok(["plugin", "create", "acme/bad:1", davitd.plugin]);
  const { bytes } = await saved("acme/bad:1");
  const load = (body: Uint8Array, headers: Readonly<Record<string, string>> = granting(needed), name = "") =>
    davitd.engine.request("POST", `/plugins/load${name === "" ? "" : `?name=${name}`}`, { body, headers });

  const taken = await load(bytes);
  expect(taken).toMatchObject({ status: 409 });
  expect(taken.body).toContain("plugin acme/bad:1 already exists");
  await davitd.engine.ok(["plugin", "rm", "acme/bad:1"]);

  const flipped = Buffer.from(bytes);
  const at = flipped.indexOf(Buffer.from([0x1f, 0x8b, 0x08]));
  flipped[at + 100] = (flipped[at + 100] ?? 0) ^ 0xff;
  expect((await load(flipped)).body).toMatch(/reading archive: blobs\/sha256\/\w+ has the digest sha256:/);
  expect(await load(bytes, granting([]))).toMatchObject({ status: 400 });
  expect(await load(bytes, { "X-Davit-Privileges": "%%" })).toMatchObject({ status: 400 });
  expect(await load(bytes, granting(needed), "Bad%20Name")).toMatchObject({ status: 400 });
  expect(await load(Buffer.from("not a tar"))).toMatchObject({ status: 400 });
  expect(await load(bytes.subarray(0, 5000))).toMatchObject({ status: 400 });
  expect((await davitd.engine.request("GET", "/plugins/nosuch/export")).status).toBe(404);
  await expectNothingLeft(davitd.engine);
});

test("what is no plugin is not loaded as one", async () => {
  const layout = davitd.dir.join("layout.tar");
  await writeFile(layout, "");
  await davitd.engine.ok(["import", "-", "acme/image:1"], { input: Buffer.alloc(1024) });
  const { status } = await download(davitd.engine, "/images/acme/image:1/get", layout);
  expect(status).toBe(200);
  const body = await readFile(layout);
  const answer = await davitd.engine.request("POST", "/plugins/load", { body });
  expect(answer.status).toBe(400);
  expect(answer.body).toContain("it is an image");
  await davitd.engine.ok(["rmi", "acme/image:1"]);
});

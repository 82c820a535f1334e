import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  type DockerRegistry,
  findPeer,
  layerOf,
  type PublishedDescriptor,
  pluginPid,
  publishBlob,
  publishManifest,
  type RegistryProxy,
  startDockerRegistry,
  startRegistryProxy,
  startTokenServer,
  volumePluginConfig,
} from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
let proxy: RegistryProxy;
let repository: string;
/** Not compressed: the whole plugin and files to be hidden; what hides them; two that add. */
let tars: Readonly<Record<"base" | "changes" | "first" | "second", Uint8Array>>;

const types = {
  pluginConfig: "application/vnd.docker.plugin.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
} as const;

/** A layer's directory: its files by their paths. */
async function layer(name: string, files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const dir = davitd.dir.join(name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(dir, path, ".."), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return layerOf(dir);
}

async function publishConfig(description: string): Promise<PublishedDescriptor> {
  const config = {
    ...volumePluginConfig,
    Description: description,
    rootfs: { type: "layers", diff_ids: [] },
  };
  return publishBlob(repository, Buffer.from(JSON.stringify(config)), types.pluginConfig);
}

const remote = (tag: string): string => `${proxy.host}/acme/layers:${tag}`;
const install = (tag: string, ...options: readonly string[]) =>
  engine().ok(["plugin", "install", "--grant-all-permissions", ...options, remote(tag)]);
const blobGets = () =>
  proxy.requests
    .filter(({ method, url }) => method === "GET" && url.includes("/blobs/"))
    .map(({ url }) => url);

beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  proxy = cleanup.use(await startRegistryProxy(registry.url));
  repository = `${registry.url}/v2/acme/layers`;
  await cp(join(davitd.plugin, "rootfs"), davitd.dir.join("base"), { recursive: true });
  const base = await layer("base", {
    gone: "hidden",
    "opaque/old": "hidden",
    "opaque/deep/older": "hidden",
    "kept/one": "1",
    "becomes-file/inside": "hidden",
    "becomes-directory": "hidden",
  });
  const changes = await layer("changes", {
    ".wh.gone": "",
    "opaque/.wh..wh..opq": "",
    "opaque/new": "shown",
    "becomes-file": "shown",
    "becomes-directory/inside": "shown",
    "kept/two": "2",
  });
  tars = {
    base,
    changes,
    first: await layer("first", { "kept/one": "one", "kept/.wh.two": "", "kept/three": "3" }),
    second: await layer("second", { "kept/two": "two again" }),
  };
  const config = await publishConfig("of many layers");
  const [ociLayers, dockerLayers] = [
    [
      await publishBlob(repository, gzipSync(base), `${types.ociLayer}+gzip`),
      await publishBlob(repository, zstdCompressSync(changes), `${types.ociLayer}+zstd`),
      await publishBlob(repository, tars.first, types.ociLayer),
    ],
    [
      await publishBlob(repository, gzipSync(base), `${types.dockerLayer}.gzip`),
      await publishBlob(repository, gzipSync(changes), `${types.dockerLayer}.gzip`),
      await publishBlob(repository, tars.first, types.dockerLayer),
    ],
  ];
  await publishManifest(repository, { mediaType: types.ociManifest, config, layers: ociLayers }, "oci");
  await publishManifest(
    repository,
    { mediaType: types.dockerManifest, config, layers: dockerLayers },
    "docker",
  );
  const more = [...ociLayers, await publishBlob(repository, tars.second, types.ociLayer)];
  const newer = await publishConfig("of one layer more");
  await publishManifest(repository, { mediaType: types.ociManifest, config: newer, layers: more }, "more");
});
afterAll(() => cleanup.disposeAsync());
afterEach(async () => {
  const present = await engine().ok(["plugin", "ls", "--quiet"]);
  if (present !== "") await engine().ok(["plugin", "rm", "--force", ...present.split("\n")]);
  await expectNothingLeft(engine());
  proxy.forget();
});

describe("a plugin of several layers", () => {
  test.for(["oci", "docker"])(
    "shows each path as the uppermost layer has it (%s media types)",
    async (tag) => {
      await install(tag);
      const root = `/proc/${String(await pluginPid(engine(), remote(tag)))}/root`;
      const names = await readdir(root);
      expect(names).not.toContain("gone");
      expect(names.filter((name) => name.startsWith(".wh."))).toEqual([]);
      expect(await readdir(join(root, "opaque"))).toEqual(["new"]);
      expect(await readFile(join(root, "becomes-file"), "utf8")).toBe("shown");
      expect(await readdir(join(root, "becomes-directory"))).toEqual(["inside"]);
      expect((await readdir(join(root, "kept"))).toSorted()).toEqual(["one", "three"]);
      expect(await readFile(join(root, "kept/one"), "utf8")).toBe("one");
    },
  );

  test("is fetched once; another version of it brings only what is new", async () => {
    await install("oci");
    expect(blobGets()).toHaveLength(4);
    proxy.forget();
    await install("oci", "--alias", "acme/again");
    expect(blobGets()).toEqual([]);
    proxy.forget();
    await install("more", "--alias", "acme/newer", "--disable");
    expect(blobGets()).toHaveLength(2);
    await engine().ok(["plugin", "enable", "acme/newer"]);
    const root = `/proc/${String(await pluginPid(engine(), "acme/newer"))}/root`;
    expect(await readFile(join(root, "kept/two"), "utf8")).toBe("two again");
  });

  test("is pushed without sending what the registry has, and back as it was", async () => {
    await install("oci", "--disable");
    await engine().ok([
      "plugin",
      "install",
      "--grant-all-permissions",
      "--disable",
      "--alias",
      remote("copy"),
      remote("oci"),
    ]);
    proxy.forget();
    await engine().ok(["plugin", "push", remote("copy")]);
    expect(proxy.requests.filter(({ method }) => method === "POST")).toEqual([]);
    expect(
      proxy.requests.filter(({ method, url }) => method === "PUT" && !url.includes("/manifests/")),
    ).toEqual([]);
    const manifest = async (tag: string): Promise<string> =>
      (await fetch(`${repository}/manifests/${tag}`, { headers: { Accept: types.ociManifest } })).text();
    expect(await manifest("copy")).toBe(await manifest("oci"));
    await engine().ok(["plugin", "rm", remote("copy")]);
    await install("copy");
  });
});

test("an image index installs the plugin of this host's platform", async () => {
  const layers = [await publishBlob(repository, gzipSync(tars.base), `${types.ociLayer}+gzip`)];
  const here = process.arch === "arm64" ? "arm64" : "amd64";
  const manifests = [];
  for (const architecture of ["s390x", here]) {
    const config = await publishConfig(`for ${architecture}`);
    const manifest = await publishManifest(repository, { mediaType: types.ociManifest, config, layers });
    manifests.push({ ...manifest, platform: { os: "linux", architecture } });
  }
  await publishManifest(repository, { mediaType: types.ociIndex, manifests }, "index");
  await publishManifest(
    repository,
    { mediaType: types.ociIndex, manifests: manifests.slice(0, 1) },
    "foreign",
  );
  await install("index");
  const format = "{{.Enabled}} {{.Config.Description}}";
  expect(await engine().ok(["plugin", "inspect", "--format", format, remote("index")])).toBe(
    `true for ${here}`,
  );
  const { stderr } = await engine().docker([
    "plugin",
    "install",
    "--grant-all-permissions",
    remote("foreign"),
  ]);
  expect(stderr).toContain(`linux/${here}`);
});

describe("a registry with tokens", () => {
  let locked: DockerRegistry;
  let name: string;
  const header = (password: string): Record<string, string> => ({
    "X-Registry-Auth": Buffer.from(JSON.stringify({ username: "captain", password })).toString("base64url"),
  });

  beforeAll(async () => {
    const { server, auth } = await startTokenServer(davitd.dir, { name: "captain", password: "davit" });
    cleanup.defer(() => server.stop());
    locked = await startDockerRegistry({ auth });
    cleanup.defer(() => locked.stop());
    name = `${locked.host}/acme/v:1`;
  });

  test("takes and gives a plugin to who has the password in X-Registry-Auth", async () => {
    await engine().ok(["plugin", "create", name, davitd.plugin]);
    const path = encodeURI(`/plugins/${name}`);
    const pushed = await engine().request("POST", `${path}/push`, { headers: header("davit") });
    expect(pushed.body).toContain('"Digest":"sha256:');
    await engine().ok(["plugin", "rm", name]);
    const query = `remote=${encodeURIComponent(name)}`;
    const asked = await engine().request("GET", `/plugins/privileges?${query}`, { headers: header("davit") });
    expect(asked.status).toBe(200);
    const body: unknown = JSON.parse(asked.body);
    if (!Array.isArray(body)) throw new Error(asked.body);
    const pulled = await engine().request("POST", `/plugins/pull?${query}`, {
      headers: header("davit"),
      body,
    });
    expect(pulled.body).not.toContain("error");
    await engine().ok(["plugin", "enable", name]);
  });

  test.for([
    ["a wrong password", header("wrong")],
    ["none", {}],
  ] as const)("refuses %s, and nothing is left", async ([, headers]) => {
    const query = `remote=${encodeURIComponent(name)}`;
    const asked = await engine().request("GET", `/plugins/privileges?${query}`, { headers });
    // At 401 the docker CLI would ask for a user name here.
    expect(asked.status).toBe(403);
    const pulled = await engine().request("POST", `/plugins/pull?${query}`, { headers, body: [] });
    expect(pulled).toMatchObject({ status: 401 });
    await engine().ok(["plugin", "create", name, davitd.plugin]);
    const pushed = await engine().request("POST", `${encodeURI(`/plugins/${name}`)}/push`, { headers });
    expect(pushed.body).toMatch(/denied|unauthorized|401/i);
  });

  test("works by docker login", async () => {
    await engine().ok(["login", "-u", "captain", "--password-stdin", locked.host], { input: "davit" });
    await engine().ok(["plugin", "install", "--grant-all-permissions", name]);
    expect(await engine().ok(["logout", locked.host])).toContain(locked.host);
  });
});

describe("a pull that ends in the middle of a blob", () => {
  const granted = [{ Name: "capabilities", Description: "", Value: ["CAP_SYS_ADMIN"] }];
  const holdBytes = 1_000_000;

  /** Resolves when the engine has taken in part of the large layer. */
  async function pullUntilDownloading(path: string): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const asked = request({ socketPath: engine().socket, method: "POST", path, headers });
    asked.end(JSON.stringify(granted));
    asked.on("error", () => undefined);
    const [answer] = await once(asked, "response");
    answer.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      let said = "";
      answer.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (/"Downloading".*"current":\d{6}/.test(said)) resolve();
      });
    });
  }

  test("because the daemon is killed leaves no plugin, and the next one goes on where it was", async () => {
    const { hungUp } = proxy.holdNextBlobAfter(holdBytes);
    await pullUntilDownloading(`/plugins/pull?remote=${encodeURIComponent(remote("docker"))}`);
    await engine().kill();
    await hungUp;
    await engine().start();
    await expectNothingLeft(engine());
    proxy.forget();
    await install("docker");
    const resumed = proxy.requests.filter(({ range }) => range !== undefined);
    expect(resumed).toEqual([
      {
        method: "GET",
        url: expect.stringContaining("/blobs/"),
        range: expect.stringMatching(/^bytes=\d+-$/),
      },
    ]);
  });

  test("because the client is interrupted leaves no plugin, and ends the transfer", async () => {
    const { held, hungUp } = proxy.holdNextBlobAfter(holdBytes);
    const args = ["plugin", "install", "--grant-all-permissions", remote("docker")];
    const client = spawn(findPeer("docker"), args, {
      env: engine().environment(),
      stdio: "ignore",
    });
    const ended = once(client, "exit");
    await held;
    client.kill("SIGINT");
    await Promise.all([ended, hungUp]);
    await expectNothingLeft(engine());
  });
});

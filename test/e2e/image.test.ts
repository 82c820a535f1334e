import { readFile, stat, writeFile } from "node:fs/promises";
import {
  busyboxRootfs,
  type DockerRegistry,
  findPeer,
  mustRun,
  peerEnvironment,
  publishManifest,
  startDockerd,
  startDockerRegistry,
  startRegistryProxy,
} from "@davit/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
let rootfs: Uint8Array;

beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  rootfs = await busyboxRootfs();
});
afterAll(() => cleanup.disposeAsync());
beforeEach(async () => {
  const ids = await davitd.engine.ok(["images", "-aq", "--no-trunc"]);
  for (const id of new Set(ids.split("\n").filter(Boolean))) await davitd.engine.ok(["rmi", "-f", id]);
});

const docker = (...args: readonly string[]) => davitd.engine.ok(args);
const skopeo = (...args: readonly string[]) => mustRun(findPeer("skopeo"), args, { env: peerEnvironment() });
const bring = (name: string, ...options: readonly string[]) =>
  davitd.engine.ok(["import", ...options, "-", name], { input: rootfs });
const runs = async (name: string): Promise<string> =>
  davitd.engine.ok(["run", "--rm", "--network", "none", name, "/bin/busybox", "echo", "alive"]);
const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const remoteDigest = async (path: string, tag: string): Promise<string | null> => {
  const answer = await fetch(`${registry.url}/v2/${path}/manifests/${tag}`, {
    headers: { Accept: manifestType },
  });
  return answer.headers.get("docker-content-digest");
};

test("an image that was imported is pushed, pulled and run", async () => {
  const name = `${registry.host}/a/bb:1`;
  await bring(name, "-c", 'CMD ["/bin/sh"]', "-m", "hello");
  const id = await docker("images", "-q", "--no-trunc", name);
  const said = await docker("push", name);
  expect(said).toMatch(
    /^The push refers to repository \[[\d.:]+\/a\/bb\]\n\w{12}: Preparing\n\w{12}: Pushed\n/,
  );
  expect(said).toContain(`1: digest: ${await remoteDigest("a/bb", "1")} size: `);
  expect(await docker("push", name)).toContain(": Layer already exists");
  await docker("rmi", name);
  expect(await docker("pull", name)).toContain("Status: Downloaded newer image");
  expect(await docker("images", "-q", "--no-trunc", name)).toBe(id);
  expect(await runs(name)).toBe("alive");
  expect(await docker("pull", name)).toContain("Status: Image is up to date");
});

test("a pushed image's layers are mounted into another repository, and its digest is remembered", async () => {
  await bring(`${registry.host}/a/from:1`, "-m", "mounted");
  await docker("push", `${registry.host}/a/from:1`);
  await docker("tag", `${registry.host}/a/from:1`, `${registry.host}/b/to:2`);
  const said = await docker("push", `${registry.host}/b/to:2`);
  expect(said).toContain(": Mounted from a/");
  expect(await remoteDigest("b/to", "2")).toBe(await remoteDigest("a/from", "1"));
  const digests = await docker("images", "--digests", "--format", "{{.Digest}}", `${registry.host}/b/to`);
  expect(digests).toBe(await remoteDigest("b/to", "2"));
});

test("a layer that images share is fetched once, also when they are pulled at the same time", async () => {
  await using proxy = await startRegistryProxy(registry.url);
  const names = ["1", "2"].map((tag) => `${proxy.host}/a/shared:${tag}`);
  for (const name of names) {
    await bring(name, "-m", name);
    await docker("push", name);
  }
  await docker("rmi", ...names);
  proxy.forget();
  await Promise.all(names.map((name) => docker("pull", name)));
  const fetched = proxy.requests.filter(({ method, url }) => method === "GET" && url.includes("/blobs/"));
  // Each has a configuration of its own.
  expect(fetched).toHaveLength(3);
  for (const name of names) expect(await runs(name)).toBe("alive");
});

test("push -a publishes every tag of a repository", async () => {
  await bring(`${registry.host}/a/all:1`);
  await docker("tag", `${registry.host}/a/all:1`, `${registry.host}/a/all:2`);
  await docker("push", "-a", `${registry.host}/a/all`);
  expect(await remoteDigest("a/all", "1")).toBe(await remoteDigest("a/all", "2"));
});

test("a pulled image goes to another registry with the manifest that it came with", async () => {
  const other = await startDockerRegistry();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => other.stop());
  await bring("local/oci:1", "-m", "oci");
  const file = davitd.dir.join("oci.tar");
  await docker("save", "-o", file, "local/oci:1");
  await skopeo(
    "copy",
    "-f",
    "oci",
    "--dest-tls-verify=false",
    `docker-archive:${file}`,
    `docker://${registry.host}/a/oci:1`,
  );
  await docker("rmi", "local/oci:1");
  await docker("pull", `${registry.host}/a/oci:1`);
  await docker("tag", `${registry.host}/a/oci:1`, `${other.host}/x/oci:1`);
  await docker("push", `${other.host}/x/oci:1`);
  const raw = (host: string, path: string) =>
    skopeo("inspect", "--raw", "--tls-verify=false", `docker://${host}/${path}`);
  expect(JSON.parse(await raw(other.host, "x/oci:1"))).toMatchObject({
    config: { mediaType: "application/vnd.oci.image.config.v1+json" },
  });
  expect(await raw(other.host, "x/oci:1")).toBe(await raw(registry.host, "a/oci:1"));
});

test("push refuses what is not there", async () => {
  const { stdout, stderr, exitCode } = await davitd.engine.docker(["push", `${registry.host}/a/nosuch:1`]);
  expect(stdout).toBe(`The push refers to repository [${registry.host}/a/nosuch]\n`);
  expect(stderr).toBe(`An image does not exist locally with the tag: ${registry.host}/a/nosuch\n`);
  expect(exitCode).toBe(1);
});

test("what is saved is read by skopeo, and loaded again as the same image", async () => {
  await bring("local/one:1", "-c", "LABEL n=1");
  await bring("local/two:2", "-c", "LABEL n=2");
  await docker("tag", "local/one:1", "local/one:other");
  const ids = await docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}");
  const file = davitd.dir.join("saved.tar");
  await docker("save", "-o", file, "local/one", "local/two:2");
  for (const tag of ["local/one:1", "local/one:other", "local/two:2"]) {
    const inspected = JSON.parse(await skopeo("inspect", `docker-archive:${file}:docker.io/${tag}`));
    expect(inspected).toMatchObject({ Os: "linux", Labels: { n: tag.startsWith("local/one") ? "1" : "2" } });
  }
  await docker("rmi", "local/one:1", "local/one:other", "local/two:2");
  expect((await docker("load", "-i", file)).split("\n").sort()).toEqual([
    "Loaded image: local/one:1",
    "Loaded image: local/one:other",
    "Loaded image: local/two:2",
  ]);
  expect(await docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")).toBe(ids);
  expect(await runs("local/two:2")).toBe("alive");
  await docker("save", "-o", `${file}.again`, "local/one", "local/two:2");
  expect(Buffer.compare(await readFile(`${file}.again`), await readFile(file))).toBe(0);
});

test("save by ID names nothing, and skopeo reads it as an OCI archive too", async () => {
  await bring("local/id:1");
  const file = davitd.dir.join("id.tar");
  await docker("save", "-o", file, await docker("images", "-q", "--no-trunc", "local/id:1"));
  expect(JSON.parse(await skopeo("inspect", `oci-archive:${file}`))).toMatchObject({ Os: "linux" });
  await docker("rmi", "local/id:1");
  expect(await docker("load", "-i", file)).toMatch(/^Loaded image ID: sha256:\w{64}$/);
});

test("save refuses what is not there, and another platform", async () => {
  const missing = await davitd.engine.docker(["save", "nosuch"]);
  expect(missing.stderr).toContain("Error response from daemon: No such image: nosuch\n");
  await bring("local/platform:1");
  const other = await davitd.engine.request(
    "GET",
    `/images/local/platform:1/get?platform=${encodeURIComponent("linux/s390x")}`,
  );
  expect(other.status).toBe(404);
});

test("images of skopeo's are loaded, whatever form they have", async () => {
  const name = `${registry.host}/a/peer:1`;
  await bring(name);
  await docker("push", name);
  await docker("rmi", name);
  for (const form of ["docker-archive", "oci-archive"]) {
    const file = davitd.dir.join(`${form}.tar`);
    await skopeo(
      "copy",
      "--src-tls-verify=false",
      `docker://${name}`,
      `${form}:${file}:docker.io/peer/${form}:1`,
    );
    expect(await docker("load", "-i", file)).toBe(`Loaded image: peer/${form}:1`);
    expect(await runs(`peer/${form}:1`)).toBe("alive");
    await docker("tag", `peer/${form}:1`, `${registry.host}/b/${form}:1`);
    await docker("push", `${registry.host}/b/${form}:1`);
  }
});

test("a real dockerd takes what is saved and pushed, and davit what dockerd saves", async () => {
  await using other = await startDockerd();
  const name = `${registry.host}/a/both:1`;
  await bring(name, "-c", "ENV A=b", "-m", "both");
  const id = await docker("images", "-q", "--no-trunc", name);
  await docker("push", name);
  await other.ok(["pull", name]);
  expect(await other.ok(["images", "-q", "--no-trunc", name])).toBe(id);
  await other.ok(["rmi", name]);
  const file = davitd.dir.join("both.tar");
  await docker("save", "-o", file, name);
  expect(await other.ok(["load", "-i", file])).toBe(`Loaded image: ${name}`);
  expect(await other.ok(["images", "-q", "--no-trunc", name])).toBe(id);
  await other.ok(["save", "-o", file, name]);
  await docker("rmi", name);
  expect(await docker("load", "-i", file)).toBe(`Loaded image: ${name}`);
  expect(await docker("images", "-q", "--no-trunc", name)).toBe(id);
});

test("a plain layer is kept compressed, and the same when it is loaded once more", async () => {
  await bring("local/plain:1");
  const file = davitd.dir.join("plain.tar");
  await docker("save", "-o", file, "local/plain:1");
  expect((await stat(file)).size).toBeLessThan(rootfs.byteLength);
});

test("history tells the size of each layer", async () => {
  await bring("local/history:1", "-m", "hello");
  const format = "{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}";
  const [, , size, comment] = (await docker("history", "--format", format, "local/history:1")).split("|");
  expect(size).toMatch(/^\d+(\.\d+)?MB$/);
  expect(comment).toBe("hello");
});

test("image prune takes what has no name, and all that is unused on request", async () => {
  await bring("local/prune:1", "-m", "first");
  await bring("local/prune:1", "-m", "second");
  await docker("create", "--name", "user", "local/prune:1", "/bin/true");
  await bring("local/unused:1", "-c", "LABEL keep=no");
  await bring("local/kept:1", "-c", "LABEL keep=yes");
  expect(await docker("image", "prune", "-f")).toMatch(
    /^Deleted Images:\ndeleted: sha256:\w+\n\nTotal reclaimed space: 0B$/,
  );
  expect(await docker("image", "prune", "-f")).toBe("Total reclaimed space: 0B");
  expect(await docker("image", "prune", "-af", "--filter", "until=1h")).toBe("Total reclaimed space: 0B");
  const pruned = await docker("image", "prune", "-af", "--filter", "label!=keep=yes");
  expect(pruned).toContain("untagged: local/unused:1");
  const left = await docker("images", "--format", "{{.Repository}}");
  expect(left.split("\n").sort()).toEqual(["local/kept", "local/prune"]);
  await docker("rm", "user");
  expect(await docker("image", "prune", "-af")).toMatch(/Total reclaimed space: [\d.]+MB$/);
});

test("what the registry says of an image is told without a pull", async () => {
  const name = `${registry.host}/a/told:1`;
  await bring(name);
  await docker("push", name);
  const { status, body } = await davitd.engine.request("GET", `/distribution/${name}/json`);
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual({
    Descriptor: {
      mediaType: manifestType,
      digest: await remoteDigest("a/told", "1"),
      size: expect.any(Number),
    },
    Platforms: [{ architecture: "amd64", os: "linux" }],
  });
  const missing = await davitd.engine.request("GET", `/distribution/${registry.host}/a/told:9/json`);
  expect(missing).toMatchObject({ status: 404, body: '{"message":"manifest unknown: manifest unknown"}\n' });
});

test("what this engine does not do is refused by name", async () => {
  const build = await davitd.engine.request("POST", "/build");
  expect(build.status).toBe(501);
  expect(build.body).toMatch(/buildah.*docker buildx/);
  expect((await davitd.engine.request("GET", "/images/search?term=x")).status).toBe(501);
  const all = await davitd.engine.docker(["pull", "-a", `${registry.host}/a/bb`]);
  expect(all.stderr).toContain(`pull all tags of ${registry.host}/a/bb: not supported`);
});

test("system df shows images, containers, volumes and plugins", async () => {
  await bring("local/df:1");
  await docker("create", "--name", "df", "-v", "data:/data", "local/df:1", "/bin/true");
  await docker("volume", "create", "empty");
  await docker(
    "run",
    "--rm",
    "--network",
    "none",
    "-v",
    "data:/data",
    "local/df:1",
    "/bin/busybox",
    "dd",
    "if=/dev/zero",
    "of=/data/f",
    "bs=1000",
    "count=5",
  );
  await docker("plugin", "create", "acme/df:1", davitd.plugin);
  expect(await docker("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}")).toBe(
    "Images 1 1\nContainers 1 0\nLocal Volumes 2 1\nBuild Cache 0 0",
  );
  const verbose = await docker("system", "df", "-v");
  expect(verbose).toMatch(/^data +1 +5kB$/m);
  expect(verbose).toMatch(/^empty +0 +0B$/m);
  const { body } = await davitd.engine.request("GET", "/system/df");
  expect(JSON.parse(body)).toMatchObject({
    LayersSize: expect.any(Number),
    Plugins: [{ Name: "acme/df:1", Enabled: false, SizeRw: 0, SizeRootFs: expect.any(Number) }],
  });
  const volumes = await davitd.engine.request("GET", "/v1.44/system/df?type=volume");
  expect(Object.keys(JSON.parse(volumes.body)).sort()).toEqual([
    "BuilderSize",
    "LayersSize",
    "Plugins",
    "Volumes",
  ]);
  expect((await davitd.engine.request("GET", "/v1.44/system/df?type=x")).status).toBe(400);
  await docker("rm", "df");
  expect(await docker("system", "prune", "-af")).toMatch(/Total reclaimed space: [\d.]+MB$/);
  expect(await docker("images", "-q")).toBe("");
  await docker("plugin", "rm", "acme/df:1");
  await docker("volume", "rm", "data", "empty");
});

test("a broken archive is refused, and nothing of it stays", async () => {
  const load = async (bytes: Uint8Array): Promise<string> => {
    const file = davitd.dir.join("broken.tar");
    await writeFile(file, bytes);
    const { stderr, exitCode } = await davitd.engine.docker(["load", "-i", file]);
    expect(exitCode).not.toBe(0);
    return stderr;
  };
  await bring("local/broken:1");
  const file = davitd.dir.join("whole.tar");
  await docker("save", "-o", file, "local/broken:1");
  await docker("rmi", "local/broken:1");
  const whole = await readFile(file);
  const cut = whole.subarray(0, Math.floor(whole.length / 2));
  expect(await load(cut)).toMatch(/reading archive|unexpected/i);
  const flipped = Buffer.from(whole);
  const at = flipped.indexOf(Buffer.from([0x1f, 0x8b, 0x08])) + 5000;
  flipped[at] = (flipped[at] ?? 0) ^ 0xff;
  await load(flipped);
  expect(await docker("images", "-q")).toBe("");
});

test("an image of several platforms is run as the one that is asked for", async () => {
  const repository = `${registry.url}/v2/many/bb`;
  const index = "application/vnd.oci.image.index.v1+json";
  const manifests: object[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const name = `${registry.host}/many/bb:${architecture}`;
    await bring(name, "--platform", `linux/${architecture}`, "-c", `ENV MADE_FOR=${architecture}`);
    await docker("push", name);
    const answer = await fetch(`${repository}/manifests/${architecture}`, {
      headers: { Accept: manifestType },
    });
    const size = (await answer.arrayBuffer()).byteLength;
    const digest = answer.headers.get("docker-content-digest");
    manifests.push({ mediaType: manifestType, digest, size, platform: { os: "linux", architecture } });
    await docker("rmi", name);
  }
  await publishManifest(repository, { mediaType: index, manifests }, "1");
  const name = `${registry.host}/many/bb:1`;
  const script = ["/bin/busybox", "sh", "-c", "echo $MADE_FOR"];
  const run = (platform: string, ...options: readonly string[]) =>
    davitd.engine.docker(
      ["run --rm --network none --platform", platform, ...options, name]
        .flatMap((words) => words.split(" "))
        .concat(script),
    );
  expect(await run("linux/amd64")).toMatchObject({ exitCode: 0, stdout: "amd64\n" });
  const refused = await run("linux/arm64", "--pull", "never");
  expect(refused.exitCode).toBe(125);
  expect(refused.stderr).toContain(
    `image with reference ${name} was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64`,
  );
  const pulled = await run("linux/arm64");
  expect(pulled).toMatchObject({ exitCode: 0, stdout: "arm64\n" });
  expect(pulled.stderr).toContain(`Unable to find image '${name}' locally`);
  const other = await davitd.engine.docker(["create", name, "true"]);
  expect(other.stderr).toContain(
    "The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64) and no specific platform was requested",
  );
  await docker("rm", other.stdout.trim());
  await docker("pull", "--platform", "linux/amd64", name);
  expect(await docker("image", "inspect", "--format", "{{.Architecture}}", name)).toBe("amd64");
});

test("an image that is for one platform only is pulled whatever is asked for, and that is said", async () => {
  const name = `${registry.host}/single/bb:1`;
  await bring(name);
  await docker("push", name);
  await docker("rmi", name);
  expect(await docker("pull", "--platform", "linux/s390x", name)).toContain(
    `WARNING: image with reference ${registry.host}/single/bb was found but does not match the specified platform: wanted linux/s390x, actual: linux/amd64`,
  );
  const { stderr } = await davitd.engine.docker(["create", "--platform", "linux/s390x", name, "true"]);
  expect(stderr).toContain("does not match the specified platform: wanted linux/s390x");
  expect((await davitd.engine.docker(["create", "--platform", "bogus", name, "true"])).stderr).toContain(
    '"bogus": unknown operating system or architecture: invalid argument',
  );
});

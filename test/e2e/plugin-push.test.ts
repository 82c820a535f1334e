import { type DockerRegistry, startDockerRegistry } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;

const start = async (options?: Parameters<typeof startDockerRegistry>[0]): Promise<DockerRegistry> => {
  const started = await startDockerRegistry(options);
  cleanup.defer(() => started.stop());
  return started;
};

beforeAll(async () => {
  registry = await start();
});
afterAll(() => cleanup.disposeAsync());

async function manifestOf(host: string): Promise<string> {
  const answer = await fetch(`http://${host}/v2/acme/v/manifests/1`, {
    headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
  });
  return await answer.text();
}

test("plugin push publishes a manifest whose config is the plugin's", async () => {
  const name = `${registry.host}/acme/v:1`;
  await davitd.engine.ok(["plugin", "create", name, davitd.plugin]);
  const said = await davitd.engine.ok(["plugin", "push", name]);
  expect(said).toContain(`The push refers to repository [${registry.host}/acme/v]`);
  expect(JSON.parse(await manifestOf(registry.host))).toMatchObject({
    schemaVersion: 2,
    config: { mediaType: "application/vnd.docker.plugin.v1+json" },
    layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }],
  });
});

test("plugin push refuses a plugin that is not there", async () => {
  const { stderr, exitCode } = await davitd.engine.docker(["plugin", "push", `${registry.host}/acme/nosuch`]);
  expect(stderr).toBe(`Error response from daemon: plugin "${registry.host}/acme/nosuch:latest" not found\n`);
  expect(exitCode).toBe(1);
});

test("plugin push to a registry with a password needs docker login", async () => {
  // htpasswd of "captain" and "davit"; bcrypt, because the registry takes nothing else.
  const htpasswd = "captain:$2b$04$abcdefghijklmnopqrstuu0REpWhy7e9w9yWZ4FiEnfEcIfixcAOG\n";
  const locked = await start({ htpasswd });
  const name = `${locked.host}/acme/v:1`;
  await davitd.engine.ok(["plugin", "create", name, davitd.plugin]);
  expect((await davitd.engine.docker(["plugin", "push", name])).exitCode).toBe(1);
  const wrong = await davitd.engine.docker(["login", "-u", "captain", "--password-stdin", locked.host], {
    input: "x",
  });
  expect(wrong.exitCode).toBe(1);
  await davitd.engine.ok(["login", "-u", "captain", "--password-stdin", locked.host], { input: "davit" });
  await davitd.engine.ok(["plugin", "push", name]);
  await davitd.engine.ok(["plugin", "rm", name]);
  await davitd.engine.ok(["plugin", "install", "--grant-all-permissions", name]);
  await davitd.engine.ok(["logout", locked.host]);
});

test("plugin push of a pulled plugin publishes the same manifest elsewhere, after garbage was collected too", async () => {
  const [first, second] = [registry.host, (await start()).host];
  const options = ["--grant-all-permissions", "--disable", "--alias", `${second}/acme/v:1`];
  await davitd.engine.ok(["plugin", "install", ...options, `${first}/acme/v:1`]);
  // A removal collects what no plugin names.
  await davitd.engine.ok(["plugin", "create", "acme/brief", davitd.plugin]);
  await davitd.engine.ok(["plugin", "rm", "acme/brief"]);
  await davitd.engine.ok(["plugin", "push", `${second}/acme/v:1`]);
  expect(await manifestOf(second)).toBe(await manifestOf(first));
});

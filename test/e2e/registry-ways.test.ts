import { writeFile } from "node:fs/promises";
import {
  busyboxRootfs,
  type DockerRegistry,
  type Script,
  startDockerRegistry,
  startScriptedServer,
} from "@davit/testkit";
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

/** Starts the daemon anew with these in its `daemon.json`. */
async function restartWith(settings: object): Promise<void> {
  await davitd.engine.stop();
  await writeFile(`${davitd.engine.dir}/daemon.json`, JSON.stringify(settings));
  await davitd.engine.start();
}

test("images of Docker Hub come from its mirror, also from one that a reload names", async () => {
  const { engine } = davitd;
  const name = `${registry.host}/library/sailor:1`;
  await engine.ok(["import", "-", name], { input: await busyboxRootfs() });
  await engine.ok(["push", name]);
  await engine.ok(["rmi", name]);
  await writeFile(`${engine.dir}/daemon.json`, JSON.stringify({ "registry-mirrors": [registry.url] }));
  process.kill(await engine.pid(), "SIGHUP");
  await engine.line("Reloaded configuration");
  expect(await engine.ok(["info", "--format", "{{json .RegistryConfig.Mirrors}}"])).toContain(registry.host);
  await engine.ok(["pull", "sailor:1"]);
  const format = "{{.Repository}}:{{.Tag}}";
  expect(await engine.ok(["image", "ls", "--format", format])).toBe("sailor:1");
  await engine.ok(["rmi", "sailor:1"]);
});

test("a registry behind a proxy is reached by the file's proxies, whose password is not told", async () => {
  const { engine } = davitd;
  const name = `${registry.host}/acme/v:1`;
  await engine.ok(["plugin", "create", name, davitd.plugin]);
  await engine.ok(["plugin", "push", name]);
  await engine.ok(["plugin", "rm", name]);
  /** Nobody else knows where `registry.test` is. */
  const forward: Script = (request, response) => {
    const { pathname } = new URL(request.url);
    const headers = { Accept: request.headers.accept ?? "*/*" };
    void fetch(`${registry.url}${pathname}`, { method: request.method, headers }).then(async (answer) => {
      const kept = ["content-type", "docker-content-digest"].flatMap((key) => {
        const value = answer.headers.get(key);
        return value === null ? [] : [[key, value]];
      });
      response
        .writeHead(answer.status, Object.fromEntries(kept))
        .end(Buffer.from(await answer.arrayBuffer()));
    });
  };
  const proxy = await startScriptedServer(forward);
  cleanup.defer(() => proxy.stop());
  const address = proxy.url.replace("http://", "http://captain:secret@");
  await restartWith({
    "insecure-registries": ["registry.test:5000"],
    proxies: { "http-proxy": address, "https-proxy": address, "no-proxy": "other.test" },
  });
  const reference = "registry.test:5000/acme/v:1";
  await engine.ok(["plugin", "install", "--grant-all-permissions", reference]);
  expect(await engine.ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])).toBe(`${reference} true`);
  const hosts = proxy.requests.map(({ url }) => new URL(url).host);
  expect(new Set(hosts)).toEqual(new Set(["registry.test:5000"]));
  const authorization = `Basic ${Buffer.from("captain:secret").toString("base64")}`;
  expect(proxy.requests[0]?.headers["proxy-authorization"]).toBe(authorization);
  expect(await engine.ok(["info", "--format", "{{.HTTPProxy}} {{.NoProxy}}"])).toBe(
    `${proxy.url.replace("http://", "http://xxxxx:xxxxx@")} other.test`,
  );
  await engine.ok(["plugin", "rm", "--force", reference]);
  await restartWith({});
});

test("a push that its client leaves is ended at the registry", async () => {
  const { engine } = davitd;
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = await startScriptedServer((request, response) => {
    if (request.method === "HEAD") response.writeHead(404).end();
    else if (request.method === "POST") response.writeHead(202, { location: "/upload/1" }).end();
    else if (request.method === "DELETE") {
      response.writeHead(204).end();
      ended.resolve();
    } else if (request.method === "GET") response.writeHead(200).end("{}");
    else begun.resolve();
  });
  cleanup.defer(() => slow.stop());
  const name = `${slow.host}/acme/v:1`;
  await engine.ok(["plugin", "create", name, davitd.plugin]);
  const client = new AbortController();
  const push = engine.docker(["plugin", "push", name], { signal: client.signal });
  push.catch(() => undefined);
  await begun.promise;
  client.abort();
  await ended.promise;
  await expect(push).rejects.toThrow("abort");
  expect(slow.requests.some(({ method, url }) => method === "DELETE" && url === "/upload/1")).toBe(true);
  await engine.ok(["plugin", "rm", name]);
});

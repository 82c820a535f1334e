import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { gzipSync } from "node:zlib";
import {
  busyboxRootfs,
  mountsBelow,
  mustRun,
  pluginPid,
  startDockerRegistry,
  startScriptedServer,
  volumePluginConfig,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft, expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { type TarEntry, tarOf } from "./tar-of.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const config: TarEntry = {
  name: "config.json",
  content: JSON.stringify({ Interface: { Types: ["docker.volumedriver/1.0"], Socket: "p.sock" } }),
};
const create = (body: Uint8Array) =>
  davitd.engine.request("POST", "/plugins/create?name=acme/hostile", { body });
const messageOf = (body: string): unknown => JSON.parse(body);

describe("a request body", () => {
  test("may have fields that nobody knows", async () => {
    const body = { Name: "known", Nonsense: { a: [1] }, DriverOpts: {}, Labels: {} };
    const answer = await davitd.engine.request("POST", "/volumes/create", { body });
    expect(answer.status).toBe(201);
    await davitd.engine.ok(["volume", "rm", "known"]);
  });

  test("of 2 MiB of JSON is refused, and the next request is answered", async () => {
    const body = { Name: "large", Labels: { a: "x".repeat(2 * 1024 * 1024) } };
    const answer = await davitd.engine.request("POST", "/volumes/create", { body });
    expect(answer.status).toBe(400);
    expect(messageOf(answer.body)).toEqual({ message: expect.stringContaining("request body too large") });
    expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("");
  });

  test("that does not come holds up nobody, not even the daemon's end", async () => {
    const stalled = ["/volumes/create", "/plugins/create?name=acme/stalled"].map((path) => {
      const type = path.startsWith("/plugins") ? "application/x-tar" : "application/json";
      const socket = createConnection(davitd.engine.socket);
      socket.on("error", () => undefined).resume();
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n{"Name":`,
      );
      return socket;
    });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => davitd.engine.request("GET", "/volumes")),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    stalled[0]?.destroy();
    const closed = stalled.slice(1).map((socket) => once(socket, "close"));
    await expectNothingLeftAfterRestart(davitd.engine);
    await Promise.all(closed);
  });
});

describe("a plugin's files", () => {
  const outside = () => davitd.dir.join("outside");
  beforeAll(async () => {
    await mkdir(outside());
    await writeFile(`${outside()}/secret`, "secret");
  });

  // What stays inside after all makes a plugin; what leads out is refused.
  test.for<[string, number, (outside: string) => readonly TarEntry[]]>([
    ["with ..", 204, () => [{ name: "rootfs/../../../../../../../../tmp/escaped", content: "x" }]],
    ["with an absolute name", 204, (place) => [{ name: `${place}/escaped`, content: "x" }]],
    [
      "below a link that leads out",
      400,
      (place) => [
        { name: "rootfs/link", symlink: place },
        { name: "rootfs/link/escaped", content: "x" },
      ],
    ],
    [
      "in place of a link that leads out",
      204,
      (place) => [
        { name: "rootfs/link", symlink: `${place}/secret` },
        { name: "rootfs/link", content: "overwritten" },
      ],
    ],
    [
      "as another name of a host's file",
      400,
      (place) => [{ name: "rootfs/link", hardlink: `${place}/secret` }],
    ],
    [
      "as another name of a host's file by ..",
      400,
      (place) => [{ name: "rootfs/link", hardlink: `../../../../../../../..${place}/secret` }],
    ],
  ])("%s touch nothing outside", async ([, status, entries]) => {
    const answer = await create(
      tarOf([config, { name: "rootfs/file", content: "x" }, ...entries(outside())]),
    );
    expect(await readdir(outside())).toEqual(["secret"]);
    expect(await readFile(`${outside()}/secret`, "utf8")).toBe("secret");
    expect(await readdir("/tmp")).not.toContain("escaped");
    expect([answer.status, answer.body]).toEqual([
      status,
      expect.stringMatching(status === 204 ? /^$/ : /"message":"./),
    ]);
    await davitd.engine.docker(["plugin", "rm", "acme/hostile"]);
    await expectNothingLeft(davitd.engine);
  });

  test.for([0.3, 0.6, 0.9])("whose gzip ends after %d of it are refused", async (part) => {
    const whole = gzipSync(tarOf([config, { name: "rootfs/file", content: randomText(200_000) }]));
    const answer = await create(whole.subarray(0, Math.floor(whole.length * part)));
    expect(answer.status).toBe(400);
    expect(messageOf(answer.body)).toEqual({ message: expect.stringMatching(/unexpected|truncated|EOF/) });
    await expectNothingLeft(davitd.engine);
  });

  test("that were refused leave nothing", () => expectNothingLeftAfterRestart(davitd.engine));
});

describe("an image", () => {
  beforeAll(async () => {
    await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  });
  afterAll(async () => {
    await davitd.engine.ok(["rmi", "busybox"]);
  });

  test("with a device node gives it to no container", async () => {
    const input = Buffer.concat([await busyboxRootfs()]);
    // Over the end-of-archive marker of the first.
    const device = tarOf([{ name: "memory", device: [1, 1] }]);
    const files = input.subarray(0, lastBlockOf(input));
    await davitd.engine.ok(["import", "-", "device"], { input: Buffer.concat([files, device]) });
    const run = ["run", "--rm", "--network", "none", "device", "sh", "-c", "ls -l /memory; cat /memory"];
    const { stdout, stderr, exitCode } = await davitd.engine.docker(run);
    expect(stdout).toMatch(/^c.* 1, +1 .*\/memory/);
    expect(stderr).toContain("Operation not permitted");
    expect(exitCode).toBe(1);
    await davitd.engine.ok(["rmi", "device"]);
  });

  test("whose layer is not the one that it names is not loaded", async () => {
    const layer = tarOf([{ name: "file", content: "x" }]);
    const wrong = `sha256:${createHash("sha256").update("another").digest("hex")}`;
    const rootfs = { type: "layers", diff_ids: [wrong] };
    const input = tarOf([
      { name: "c.json", content: JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs }) },
      { name: "l.tar", content: layer },
      {
        name: "manifest.json",
        content: JSON.stringify([{ Config: "c.json", RepoTags: ["acme/wrong:1"], Layers: ["l.tar"] }]),
      },
    ]);
    const { stdout, stderr, exitCode } = await davitd.engine.docker(["load"], { input });
    expect(`${stdout}${stderr}`).toMatch(/diff ?ID|digest/i);
    expect(`${stdout}${stderr}`).toContain(wrong);
    expect(exitCode).toBe(1);
    expect(await davitd.engine.ok(["image", "ls", "--format", "{{.Repository}}"])).toBe("busybox");
  });

  test.for(["load", "import"])("whose gzip is cut off is refused by %s", async (verb) => {
    const whole = gzipSync(tarOf([{ name: "file", content: randomText(200_000) }]));
    const args = verb === "load" ? ["load"] : ["import", "-", "acme/cut:1"];
    const { stderr, exitCode } = await davitd.engine.docker(args, {
      input: whole.subarray(0, whole.length / 2),
    });
    expect(stderr).toMatch(/unexpected|truncated|EOF/);
    expect(exitCode).toBe(1);
    expect(await davitd.engine.ok(["image", "ls", "--format", "{{.Repository}}"])).toBe("busybox");
  });
});

describe("a registry", () => {
  test("that hangs holds up nobody else, and is left when the client leaves", async () => {
    const [asked, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using cleanup = new AsyncDisposableStack();
    const registry = await startScriptedServer((_request, response) => {
      response.once("close", left.resolve);
      asked.resolve();
    });
    cleanup.defer(() => registry.stop());
    const client = new AbortController();
    const install = davitd.engine.docker(
      ["plugin", "install", "--grant-all-permissions", `${registry.host}/acme/v:1`],
      { signal: client.signal },
    );
    install.catch(() => undefined);
    await asked.promise;
    expect(await davitd.engine.ok(["plugin", "ls", "--quiet"])).toBe("");
    client.abort();
    await expect(install).rejects.toThrow("abort");
    await left.promise;
    await expectNothingLeft(davitd.engine);
  });

  test("that keeps blobs elsewhere is followed, and no credentials go there", async () => {
    await using cleanup = new AsyncDisposableStack();
    const content = await startDockerRegistry();
    cleanup.defer(() => content.stop());
    await davitd.engine.ok(["plugin", "create", `${content.host}/acme/v:1`, davitd.plugin]);
    await davitd.engine.ok(["plugin", "push", `${content.host}/acme/v:1`]);
    await davitd.engine.ok(["plugin", "rm", `${content.host}/acme/v:1`]);
    const storage = await startScriptedServer((request, response) => {
      void fetch(`${content.url}${request.url}`).then(async (answer) =>
        response.end(Buffer.from(await answer.arrayBuffer())),
      );
    });
    cleanup.defer(() => storage.stop());
    const registry = await startScriptedServer((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { "WWW-Authenticate": 'Basic realm="here"' }).end('{"errors":[]}');
      } else if (request.url.includes("/blobs/")) {
        response.writeHead(307, { Location: `${storage.url}${request.url}` }).end();
      } else {
        const headers = { Accept: request.headers.accept ?? "*/*" };
        void fetch(`${content.url}${request.url}`, { method: request.method, headers }).then(
          async (answer) => {
            const names = ["content-type", "docker-content-digest"];
            const same = Object.fromEntries(names.map((name) => [name, answer.headers.get(name) ?? ""]));
            response.writeHead(answer.status, same).end(Buffer.from(await answer.arrayBuffer()));
          },
        );
      }
    });
    cleanup.defer(() => registry.stop());
    const login = ["login", "--username", "captain", "--password-stdin", registry.host];
    await davitd.engine.ok(login, { input: "secret" });
    const reference = `${registry.host}/acme/v:1`;
    await davitd.engine.ok(["plugin", "install", "--disable", "--grant-all-permissions", reference]);
    expect(registry.requests.some(({ headers }) => headers.authorization?.startsWith("Basic"))).toBe(true);
    expect(storage.requests.length).toBeGreaterThan(0);
    for (const { headers } of storage.requests) expect(headers).not.toHaveProperty("authorization");
    await davitd.engine.ok(["logout", registry.host]);
    await davitd.engine.ok(["plugin", "rm", reference]);
    await expectNothingLeft(davitd.engine);
  });
});

describe("a plugin", () => {
  const behave = async (behaviour: string, ...flags: readonly string[]): Promise<void> => {
    await davitd.engine.ok(["plugin", "set", "acme/v", `BEHAVIOUR=${behaviour}`]);
    await davitd.engine.ok(["plugin", "enable", ...flags, "acme/v"]);
  };
  const createVolume = () =>
    davitd.engine.request("POST", "/volumes/create", { body: { Name: "x", Driver: "acme/v" } });
  beforeAll(async () => {
    await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
  });
  afterAll(async () => {
    await davitd.engine.ok(["plugin", "rm", "--force", "acme/v"]);
    await expectNothingLeftAfterRestart(davitd.engine);
  });

  test("that answers 20 MB is cut off, and said so", async () => {
    await behave("flood");
    const answer = await createVolume();
    expect(answer.status).toBe(503);
    expect(messageOf(answer.body)).toEqual({
      message: expect.stringContaining("answer of more than 16777216 bytes"),
    });
    expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("");
    await davitd.engine.ok(["plugin", "disable", "acme/v"]);
  });

  test("that listens and never answers costs its own time limit, and others nothing", async () => {
    await behave("slow:1000", "--timeout", "1");
    const hanging = createVolume();
    await davitd.engine.ok(["volume", "create", "other"]);
    await davitd.engine.ok(["volume", "rm", "other"]);
    const answer = await hanging;
    expect(answer.status).toBe(503);
    expect(messageOf(answer.body)).toEqual({ message: expect.stringMatching(/create x: .*1 ?s/) });
    await davitd.engine.ok(["plugin", "disable", "acme/v"]);
    expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("");
  });
});

test("what a plugin mounts beside its socket goes with it, however it ends", async () => {
  const { engine } = davitd;
  await using cleanup = new AsyncDisposableStack();
  // Shared, as what is below /run is on most hosts: what is mounted in there is seen on the host.
  const sockets = `${engine.dir}/p`;
  await mustRun("mount", ["--mkdir", "-t", "tmpfs", "--make-shared", "tmpfs", sockets]);
  cleanup.defer(async () => void (await mustRun("umount", ["--lazy", sockets])));
  const plugin = await writeVolumePlugin(davitd.dir.join("beside"), {
    ...volumePluginConfig,
    Env: [{ Name: "ROOT", Value: "/run/docker/plugins" }],
  });
  await engine.ok(["plugin", "create", "acme/beside", plugin]);
  const id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/beside"]);
  const mounted = `${sockets}/${id}/volumes/m`;
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const run = ["run", "--detach", "--network", "none", "--volume", "m:/m", "busybox", "sleep", "600"];
  for (const end of ["disable", "kill"]) {
    await engine.ok(["plugin", "enable", "acme/beside"]);
    await engine.ok([
      "volume",
      "create",
      "--driver",
      "acme/beside",
      "--opt",
      "tmpfs=1",
      "--opt",
      "path=/usr",
      "m",
    ]);
    const container = await engine.ok(run);
    expect(await mountsBelow(sockets)).toEqual([mounted, sockets]);
    const from = engine.log.length;
    if (end === "kill") {
      process.kill(await pluginPid(engine, "acme/beside"), "SIGKILL");
      await engine.line("plugin is up again", from);
    }
    await engine.ok(["plugin", "disable", "--force", "acme/beside"]);
    expect(await mountsBelow(sockets)).toEqual([sockets]);
    expect(await readdir(sockets)).toEqual([]);
    await engine.ok(["rm", "--force", container]);
    await engine.ok(["volume", "rm", "--force", "m"]);
  }
  await engine.ok(["plugin", "rm", "acme/beside"]);
  await engine.ok(["rmi", "busybox"]);
  await cleanup.disposeAsync();
  await expectNothingLeftAfterRestart(engine);
});

/** What does not become small when it is compressed. */
function randomText(length: number): string {
  let text = "";
  for (let seed = 0; text.length < length; seed += 1) {
    text += createHash("sha512").update(String(seed)).digest("base64");
  }
  return text.slice(0, length);
}

/** Where a tar's last entry ends: before the blocks of zeros. */
function lastBlockOf(tar: Uint8Array): number {
  let end = tar.length;
  while (end >= 512 && tar.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
  return end;
}

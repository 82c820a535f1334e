import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  CertificateAuthority,
  type PluginAnswer,
  PluginReply,
  type PluginServerOptions,
  startPluginServer,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--plugin-retry-timeout=1");
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

const activate = { implements: ["VolumeDriver"] };
const noVolume = { "VolumeDriver.Get": () => ({ Err: "no such volume" }) };

async function serve(
  answers: Readonly<Record<string, PluginAnswer>>,
  listen: PluginServerOptions["listen"],
): Promise<string> {
  const server = await startPluginServer({ ...activate, answers: { ...noVolume, ...answers }, listen });
  cleanup.use(server);
  return server.address;
}

async function define(file: string, text: string): Promise<string> {
  const path = join(davitd.engine.pluginSpecDir, file);
  await writeFile(path, text);
  return path;
}

/** What creating a volume by a plugin answers, after which there is none. */
async function refusal(driver: string): Promise<readonly [number, string]> {
  const { engine } = davitd;
  const body = { Name: "vol", Driver: driver };
  const { status, body: text } = await engine.request("POST", "/volumes/create", { body });
  const message: unknown = JSON.parse(text);
  expect((await engine.request("GET", "/volumes/vol")).status).toBe(404);
  const said = typeof message === "object" && message !== null && "message" in message ? message.message : "";
  return [status, String(said)];
}

describe("an answer of a plugin that is no answer", () => {
  const hundredMegabytes = (): Readable =>
    Readable.from(
      (function* () {
        const part = Buffer.alloc(1024 * 1024, "x");
        for (let sent = 0; sent < 100; sent += 1) yield part;
      })(),
    );

  test.each<readonly [string, number, PluginAnswer, string]>([
    ["text", 500, () => "<html>", "VolumeDriver.Create: undecodable answer"],
    ["wrongtype", 500, () => ({ Err: 1 }), "VolumeDriver.Create: undecodable answer: Err: Invalid input"],
    ["notobject", 500, () => [], "VolumeDriver.Create: undecodable answer"],
    ["empty", 500, () => "", "VolumeDriver.Create: undecodable answer"],
    ["endless", 503, hundredMegabytes, "answer of more than 16777216 bytes"],
    ["half", 503, () => new PluginReply(200, '{"Err":', { cutShort: true }), 'VolumeDriver.Create": '],
    ["gone", 503, (_body, { hangUp }) => hangUp(), 'VolumeDriver.Create": '],
  ])("is told with the plugin and its file: %s", async (name, status, answer, reason) => {
    const socket = join(davitd.engine.pluginSocketDir, `${name}.sock`);
    await serve({ "VolumeDriver.Create": answer }, { socket });
    const [code, message] = await refusal(name);
    expect(message).toContain(`create vol: plugin ${name} (${socket}): `);
    expect(message).toContain(reason);
    expect(code).toBe(status);
  });

  test.each<readonly [string, PluginAnswer, string]>([
    ["err", () => ({ Err: "disk on fire" }), "create vol: disk on fire"],
    [
      "status",
      () => new PluginReply(500, { Err: "disk on fire" }),
      "create vol: VolumeDriver.Create: disk on fire",
    ],
    ["plain", () => new PluginReply(418, "teapot\n"), "create vol: VolumeDriver.Create: teapot\n"],
  ])("is its refusal, as it says it: %s", async (name, answer, message) => {
    const socket = join(davitd.engine.pluginSocketDir, `${name}.sock`);
    await serve({ "VolumeDriver.Create": answer }, { socket });
    expect(await refusal(name)).toEqual([500, message]);
  });
});

describe("a definition that cannot be used", () => {
  test("is told with its file", async () => {
    const documented = `{"Name": "plugin-example", "Addr": "https://example.com/docker/plugin",}`;
    for (const [file, text, reason] of [
      ["blank.spec", "", "it is empty"],
      ["url.spec", "example.com", "expected unix:///PATH"],
      ["comma.json", documented, "JSON has no comma before a closing bracket"],
      ["ca.json", '{"Addr":"https://h","TLSConfig":{"CAFile":"/nosuch.pem"}}', "TLSConfig.CAFile: ENOENT"],
    ] as const) {
      const path = await define(file, text);
      const [status, message] = await refusal(file.replace(/\..*/, ""));
      expect(message).toContain(`${path}: `);
      expect(message).toContain(reason);
      expect(status).toBe(400);
    }
    // Nobody is bothered with them who does not use them.
    const { body } = await davitd.engine.request("GET", "/volumes");
    expect(body).not.toContain("comma");
  });

  test("is told for a socket nobody listens on, and one that is a directory", async () => {
    const { pluginSocketDir } = davitd.engine;
    const path = join(pluginSocketDir, "dead.sock");
    const dying = createServer();
    await new Promise<void>((done) => dying.listen(join(pluginSocketDir, "dying"), done));
    await rename(join(pluginSocketDir, "dying"), path);
    await new Promise((done) => dying.close(done));
    expect(await refusal("dead")).toEqual([
      503,
      `create vol: error looking up volume plugin dead: plugin dead (${path}): Post "http://plugin.moby.localhost/Plugin.Activate": dial unix ${path}: connect: connection refused`,
    ]);
    await mkdir(join(pluginSocketDir, "folder.sock"));
    expect(await refusal("folder")).toEqual([
      404,
      'create vol: error looking up volume plugin folder: plugin "folder" not found',
    ]);
  });
});

describe("a plugin behind TLS", () => {
  const files = { ca: "", other: "", cert: "", key: "" };
  const addresses = { good: "", expired: "", named: "", mutual: "" };

  beforeAll(async () => {
    const ca = await CertificateAuthority.create(davitd.dir.path, "ca");
    const other = await CertificateAuthority.create(davitd.dir.path, "other");
    const [good, expired, named, client] = await Promise.all([
      ca.issue("good", { altName: "DNS:localhost" }),
      ca.issue("expired", { altName: "DNS:localhost", days: -1 }),
      ca.issue("named", { altName: "DNS:elsewhere" }),
      ca.issue("client", { altName: "DNS:engine" }),
    ]);
    const clientCa = await readFile(ca.path, "utf8");
    addresses.good = await serve({}, { port: 0, tls: good });
    addresses.expired = await serve({}, { port: 0, tls: expired });
    addresses.named = await serve({}, { port: 0, tls: named });
    addresses.mutual = await serve({}, { port: 0, tls: { ...good, clientCa } });
    Object.assign(files, { ca: ca.path, other: other.path, cert: client.certPath, key: client.keyPath });
  });

  const faults: readonly (readonly [string, () => readonly [string, object | undefined], string])[] = [
    ["unknownca", () => [addresses.good, { CAFile: files.other }], "unable to verify the first certificate"],
    ["systemca", () => [addresses.good, undefined], "unable to verify the first certificate"],
    ["expired", () => [addresses.expired, { CAFile: files.ca }], "certificate has expired"],
    [
      "wrongname",
      () => [addresses.named, { CAFile: files.ca }],
      "localhost. is not in the cert's altnames: DNS:elsewhere",
    ],
    ["noclient", () => [addresses.mutual, { CAFile: files.ca }], "it may want a client's certificate"],
    [
      "wrongpair",
      () => [addresses.mutual, { CAFile: files.ca, CertFile: files.cert, KeyFile: files.other }],
      "TLS: ",
    ],
  ];

  test.each(faults)("that does not fit is told with its file: %s", async (name, definition, reason) => {
    const [Addr, TLSConfig] = definition();
    const path = await define(`${name}.json`, JSON.stringify({ Addr, TLSConfig }));
    const [status, message] = await refusal(name);
    expect(message).toContain(`error looking up volume plugin ${name}: plugin ${name} (${path}): `);
    expect(message).toContain(reason);
    expect([400, 503]).toContain(status);
    // It will not be another by waiting.
    const waits = davitd.engine.log.filter((line) => line.includes("waited for"));
    expect(waits.filter((line) => line.includes(`plugin=${name}`))).toEqual([]);
  });

  test("is not verified where its definition says so", async () => {
    await define(
      "insecure.json",
      JSON.stringify({ Addr: addresses.expired, TLSConfig: { CAFile: files.ca, InsecureSkipVerify: true } }),
    );
    await define("bare.spec", addresses.named);
    for (const driver of ["insecure", "bare"]) {
      expect(await refusal(driver)).toEqual([500, "create vol: VolumeDriver.Create: 404 page not found\n"]);
    }
  });
});

test("of all that nothing is left", async () => {
  expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("");
  await davitd.engine.stop();
  await davitd.engine.start();
  expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("");
});

import { execFileSync } from "node:child_process";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { TempDir } from "@davit/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../../core/ports/logger.ts";
import { FileDiscovery } from "./file-discovery.ts";

const ignore = (): void => undefined;
const logger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => logger,
};
const id = "a".repeat(64);

let dir: TempDir;
let discovery: FileDiscovery;
let servers: Server[] = [];

beforeEach(async () => {
  dir = await TempDir.create("fd");
  discovery = new FileDiscovery({
    socketDir: dir.join("run"),
    specDirs: [dir.join("etc"), dir.join("lib")],
    logger,
  });
  await mkdir(dir.join("run"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await dir[Symbol.asyncDispose]();
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(dir.join(path)), { recursive: true });
  await writeFile(dir.join(path), text);
}

async function listen(path: string): Promise<Server> {
  await mkdir(dirname(dir.join(path)), { recursive: true });
  const server = createServer();
  servers.push(server);
  await new Promise<void>((done) => server.listen(dir.join(path), done));
  return server;
}

const found = async (name: string) => {
  const definition = await discovery.find(name);
  return definition === undefined ? undefined : definition.path.slice(dir.path.length + 1);
};

describe("finding a plugin by name", () => {
  it("does not read a pipe in a certificate's place", async () => {
    await mkdir(dir.join("etc"));
    execFileSync("mkfifo", [dir.join("etc/ca")]);
    const TLSConfig = { CAFile: dir.join("etc/ca") };
    await write("etc/p.json", JSON.stringify({ Addr: "https://localhost:1", TLSConfig }));
    await expect(discovery.find("p")).rejects.toThrow(
      `TLSConfig.CAFile: ${dir.join("etc/ca")} is not a file`,
    );
  });

  it("takes the first of the documented places", async () => {
    const places = [
      "lib/p/p.json",
      "lib/p.json",
      "lib/p/p.spec",
      "lib/p.spec",
      "etc/p/p.json",
      "etc/p.json",
      "etc/p/p.spec",
      "etc/p.spec",
    ];
    expect(await found("p")).toBeUndefined();
    for (const place of places) {
      await write(place, place.endsWith("json") ? '{"Addr":"tcp://h:1"}' : "tcp://h:1");
      expect(await found("p")).toBe(place);
    }
    await listen("run/p/p.sock");
    expect(await found("p")).toBe("run/p/p.sock");
    await listen("run/p.sock");
    expect(await found("p")).toBe("run/p.sock");
  });

  it("finds names with slashes", async () => {
    await listen("run/org/plug.sock");
    await write("etc/org/other.spec", " tcp://h:1\n");
    expect(await found("org/plug")).toBe("run/org/plug.sock");
    expect(await discovery.find("org/other")).toMatchObject({ address: { origin: "http://h:1" } });
  });

  it("follows a link to a socket, and takes nothing else for one", async () => {
    await listen("elsewhere/s");
    await symlink(dir.join("elsewhere/s"), dir.join("run/linked.sock"));
    await symlink(dir.join("nowhere"), dir.join("run/dangling.sock"));
    await mkdir(dir.join("run/folder.sock"));
    await write("run/file.sock", "");
    expect(await found("linked")).toBe("run/linked.sock");
    for (const name of ["dangling", "folder", "file"]) expect(await found(name)).toBeUndefined();
  });

  it.each(["", ".", "..", "../p", "a/../../p", "/p", "p/", "a//b", "a/./b", "a\0b"])(
    "refuses the name %j",
    async (name) => {
      await expect(discovery.find(name)).rejects.toMatchObject({ kind: "invalid" });
    },
  );

  it("does not take a managed plugin's own sockets for anybody's", async () => {
    await listen(`run/${id}/p.sock`);
    await symlink(dir.join(`run/${id}/p.sock`), dir.join(`run/${id}/${id}.sock`));
    for (const name of [id, `${id}/p`]) expect(await found(name)).toBeUndefined();
    expect(await discovery.names()).toEqual([]);
  });

  it("finds nothing under a name that is too long for a file", async () => {
    expect(await found("x".repeat(300))).toBeUndefined();
  });
});

describe("all names", () => {
  it("are those of every place, each once", async () => {
    await listen("run/a.sock");
    await listen("run/b/b.sock");
    await listen("run/c/other.sock");
    await write("etc/a.spec", "broken");
    await write("etc/d/d.json", "{}");
    await write("lib/e.json", "{}");
    await write("lib/e.txt", "");
    expect([...(await discovery.names())].sort()).toEqual(["a", "b", "d", "e"]);
  });
});

describe("reading a definition", () => {
  it("gives each form of address", async () => {
    await write("etc/a.spec", "\n unix:///run/x.sock \n");
    await write("etc/b.spec", "https://h:1/path");
    await write("etc/c.json", '{"name":"other","addr":"https://h:1","unknown":1}');
    await write("etc/d.json", '{"Addr":"https://h:1","TLSConfig":{}}');
    await write("etc/e.json", '{"Addr":"tcp://h:1","TLSConfig":{"InsecureSkipVerify":false}}');
    const addresses = await Promise.all(
      ["a", "b", "c", "d", "e"].map(async (name) => (await discovery.find(name))?.address),
    );
    expect(addresses).toMatchObject([
      { socketPath: "/run/x.sock" },
      { origin: "https://h:1", tls: { verify: false } },
      { origin: "https://h:1", tls: { verify: true } },
      { origin: "https://h:1", tls: { verify: false } },
      { origin: "http://h:1" },
    ]);
    expect(addresses[4]).not.toHaveProperty("tls");
  });

  it("reads what TLS needs", async () => {
    for (const name of ["ca", "cert", "key"]) await write(`${name}.pem`, `-----BEGIN ${name}-----`);
    const [CAFile, CertFile, KeyFile] = [dir.join("ca.pem"), dir.join("cert.pem"), dir.join("key.pem")];
    const tls = { CAFile, CertFile, KeyFile, Passphrase: "p", MinVersion: 772, ExclusiveRootPools: true };
    await write("etc/a.json", JSON.stringify({ Addr: "https://h:1", TLSConfig: tls }));
    await write(
      "etc/b.json",
      JSON.stringify({ Addr: "https://h:1", TLSConfig: { CAFile, InsecureSkipVerify: true } }),
    );
    expect((await discovery.find("a"))?.address).toEqual({
      origin: "https://h:1",
      tls: {
        verify: true,
        exclusive: true,
        ca: "-----BEGIN ca-----",
        cert: "-----BEGIN cert-----",
        key: "-----BEGIN key-----",
        passphrase: "p",
        minVersion: "TLSv1.3",
      },
    });
    expect((await discovery.find("b"))?.address).toMatchObject({ tls: { verify: false, exclusive: false } });
  });

  it.each([
    ["x.spec", "", "it is empty"],
    ["x.spec", "tcp//h", "expected unix:///PATH"],
    ["x.spec", "ftp://h", "unknown protocol ftp"],
    ["x.json", "", "invalid JSON"],
    ["x.json", '{"Addr":"tcp://h:1",}', "JSON has no comma before a closing bracket"],
    ["x.json", "[]", "expected object"],
    ["x.json", '{"Name":"x"}', "Addr: expected the plugin's address"],
    ["x.json", '{"Addr":1}', "Addr: Invalid input: expected string"],
    ["x.json", '{"Addr":"https://h","TLSConfig":{"CAFile":"/nosuch/ca.pem"}}', "TLSConfig.CAFile: ENOENT"],
    [
      "x.json",
      '{"Addr":"https://h","TLSConfig":{"CAFile":"/etc/hostname"}}',
      "/etc/hostname: nothing in PEM",
    ],
    ["x.json", '{"Addr":"https://h","TLSConfig":{"CertFile":"/c.pem"}}', "one of them is missing"],
    ["x.json", '{"Addr":"https://h","TLSConfig":{"MinVersion":3}}', "TLSConfig.MinVersion: expected 771"],
  ])("says what is wrong with %s of %j: %s", async (file, text, reason) => {
    await write(`etc/${file}`, text);
    const failure: unknown = await discovery.find("x").catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "invalid" });
    expect(String(failure)).toContain(`plugin x: ${dir.join("etc", file)}: `);
    expect(String(failure)).toContain(reason);
  });

  it("names a file that is a directory", async () => {
    await mkdir(dir.join("etc/x.spec"), { recursive: true });
    await expect(discovery.find("x")).rejects.toThrow(
      `plugin x: ${dir.join("etc/x.spec")}: it is not a file`,
    );
  });

  it("is another as soon as the file or the socket is", async () => {
    await write("etc/x.spec", "tcp://h:1");
    const first = await discovery.find("x");
    expect((await discovery.find("x"))?.identity).toBe(first?.identity);
    await write("etc/x.spec", "tcp://h:2");
    expect((await discovery.find("x"))?.identity).not.toBe(first?.identity);
    const server = await listen("run/y.sock");
    const before = await discovery.find("y");
    await new Promise((done) => server.close(done));
    await listen("run/y.sock");
    expect((await discovery.find("y"))?.identity).not.toBe(before?.identity);
  });
});

describe("watching for a plugin", () => {
  it("sees its definition appear in a directory that was not there, change, and go", async () => {
    using watch = await discovery.watch("p");
    const becomes = async (path: string | undefined) => {
      while ((await found("p")) !== path) await watch.changed();
      expect(await found("p")).toBe(path);
    };
    await mkdir(dir.join("lib/p"), { recursive: true });
    await write("lib/p/p.spec", "tcp://h:1");
    await becomes("lib/p/p.spec");
    await write("lib/p.spec.new", "tcp://h:2");
    await rename(dir.join("lib/p.spec.new"), dir.join("lib/p.spec"));
    await becomes("lib/p.spec");
    await rm(dir.join("lib"), { recursive: true });
    await becomes(undefined);
    await write("lib/p.json", '{"Addr":"tcp://h:1"}');
    await becomes("lib/p.json");
  });

  it("sees the socket that a definition names, and the one that a link leads to", async () => {
    await write("etc/p.spec", `unix://${dir.join("far/away.sock")}`);
    await symlink(dir.join("far/linked.sock"), dir.join("run/q.sock"));
    for (const [name, socket] of [
      ["p", "far/away.sock"],
      ["q", "far/linked.sock"],
    ] as const) {
      using watch = await discovery.watch(name);
      const before = (await discovery.find(name))?.identity;
      await listen(socket);
      while ((await discovery.find(name))?.identity === before) await watch.changed();
      expect((await discovery.find(name))?.identity).not.toBe(before);
    }
  });
});

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Logger } from "../core/ports/logger.ts";
import { reply } from "./reply.ts";
import { type ApiServer, createApiServer } from "./server.ts";

const run = promisify(execFile);

let dir: string;

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

const create = (): ApiServer =>
  createApiServer({
    routes: [
      { method: "GET", path: "/x", handle: async () => reply.text("in") },
      { method: "GET", path: "/who", handle: async ({ origin }) => reply.json(origin.client() ?? "nobody") },
      {
        method: "POST",
        path: "/attach",
        hijack: true,
        handle: async () =>
          reply.hijack("x/y", async (client) => {
            for await (const chunk of client.input) await client.write(chunk);
          }),
      },
    ],
    engine: { name: "Davit", version: "1" },
    logger,
  });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dv-"));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const [name, subjectName] of [
    ["ca", "/CN=ca"],
    ["server", "/CN=server"],
    // Of several names the last counts.
    ["client", "/CN=first/O=acme/CN=client"],
    ["nameless", "/O=acme"],
  ] as const) {
    const signed = name === "ca" ? [] : ["-CA", "ca.pem", "-CAkey", "ca.key"];
    const subject = ["-subj", subjectName, "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    await run("openssl", ["req", "-x509", "-days", "2", ...key, ...subject, ...signed, ...files], {
      cwd: dir,
    });
  }
});

afterAll(async () => {
  await rm(dir, { recursive: true });
});

const pem = (name: string): Promise<Buffer> => readFile(join(dir, name));

async function tlsServer() {
  const tls = {
    ca: await pem("ca.pem"),
    cert: await pem("server.pem"),
    key: await pem("server.key"),
    verify: true,
  };
  const server = create();
  const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0, tls });
  if (bound.kind !== "tcp") throw new Error("not a TCP address");
  const client = { cert: await pem("client.pem"), key: await pem("client.key") };
  return { server, base: { host: "127.0.0.1", port: bound.port, ca: tls.ca, agent: false as const }, client };
}

test("TLS lets in clients with a certificate of the authority, and no others", async () => {
  const { server, base, client } = await tlsServer();
  try {
    const good = request({ ...base, ...client, path: "/x" }).end();
    const [response] = await once(good, "response");
    expect(await text(response)).toBe("in");
    const bad = request({ ...base, path: "/x" }).end();
    await expect(once(bad, "response")).rejects.toThrow(/certificate required|ECONNRESET/);
  } finally {
    await server.close({ graceMs: 0 });
  }
});

test("a client is known by the name in its certificate, also when its session is resumed", async () => {
  const { server, base, client } = await tlsServer();
  try {
    let session: Buffer | undefined;
    for (const isResumed of [false, true]) {
      const { host, port, ca } = base;
      const socket = connect({ host, port, ca, ...client, ...(session !== undefined && { session }) });
      socket.on("session", (given) => (session = given));
      await once(socket, "secureConnect");
      expect(socket.isSessionReused()).toBe(isResumed);
      socket.write("GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      const seen = await text(socket);
      expect(JSON.parse(seen.slice(seen.indexOf("\r\n\r\n")))).toEqual({
        commonName: "client",
        certificate: String(client.cert),
      });
    }
    const [cert, key] = await Promise.all([pem("nameless.pem"), pem("nameless.key")]);
    const [response] = await once(request({ ...base, cert, key, path: "/who" }).end(), "response");
    expect(JSON.parse(await text(response))).toEqual({ commonName: "", certificate: String(cert) });
  } finally {
    await server.close({ graceMs: 0 });
  }
});

test("a client on a listener that asks for no certificate is nobody, whatever it sends", async () => {
  const [ca, cert, key] = await Promise.all([pem("ca.pem"), pem("server.pem"), pem("server.key")]);
  const server = create();
  const bound = await server.listen({
    kind: "tcp",
    host: "127.0.0.1",
    port: 0,
    tls: { ca, cert, key, verify: false },
  });
  try {
    const port = bound.kind === "tcp" ? bound.port : 0;
    const own = { cert: await pem("client.pem"), key: await pem("client.key") };
    const asked = request({ host: "127.0.0.1", port, ca, ...own, path: "/who", agent: false }).end();
    const [response] = await once(asked, "response");
    expect(await text(response)).toBe('"nobody"\n');
  } finally {
    await server.close({ graceMs: 0 });
  }
});

test("a client that does not trust the server leaves nothing that keeps it from stopping", async () => {
  const { server, base, client } = await tlsServer();
  const distrustful = request({ ...base, ...client, ca: await pem("client.pem"), path: "/x" }).end();
  await expect(once(distrustful, "response")).rejects.toThrow(/certificate|signature/);
  await expect(server.close({ graceMs: 60_000 })).resolves.toBeUndefined();
});

test("a connection taken over works through TLS, half-close included", async () => {
  const { server, base, client } = await tlsServer();
  try {
    const headers = { Connection: "Upgrade", Upgrade: "tcp" };
    const outgoing = request({ ...base, ...client, method: "POST", path: "/attach", headers }).end();
    const [, socket] = await once(outgoing, "upgrade");
    socket.end("hello");
    expect(await text(socket)).toBe("hello");
  } finally {
    await server.close({ graceMs: 0 });
  }
});

test("serves a socket that its parent opened", async () => {
  const path = join(dir, "inherited");
  const module = fileURLToPath(new URL("./server.ts", import.meta.url));
  const script = `
    import { createApiServer } from ${JSON.stringify(module)};
    const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };
    const server = createApiServer({ routes: [], engine: { name: "Davit", version: "1" }, logger });
    await server.listen({ kind: "fd", fd: 3 });
    console.log("ready");`;
  const parent = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.execv(sys.argv[2], [sys.argv[2], "--input-type=module", "-e", sys.argv[3]])`;
  const child = spawn("python3", ["-c", parent, path, process.execPath, script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  try {
    const first = await Promise.race([once(child.stdout, "data"), exited]);
    expect(String(first[0])).toBe("ready\n");
    const { stdout } = await run("curl", ["-s", "--unix-socket", path, "http://x/nothing"]);
    expect(stdout).toBe('{"message":"page not found: GET /nothing"}\n');
  } finally {
    child.kill();
    await exited;
  }
});

test("takes the place of a socket whose server was killed", async () => {
  const path = join(dir, "stale");
  await run("python3", ["-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path]);
  expect((await stat(path)).isSocket()).toBe(true);
  const server = create();
  await server.listen({ kind: "unix", path, gid: 0 });
  try {
    const { stdout } = await run("curl", ["-s", "--unix-socket", path, "http://x/x"]);
    expect(stdout).toBe("in");
  } finally {
    await server.close({ graceMs: 0 });
  }
});

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { daemonRoots, mustRun, repository, runCommand, TempDir } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StartedProgram, startProgram } from "./start-program.ts";

let dir: TempDir;
const stack = new AsyncDisposableStack();
let port = "";
const socket = () => dir.join("s.sock");
const pem = (name: string) => dir.join(`${name}.pem`);

/** A CA, and certificates of it for the server and a client; `docker context` takes them by these names. */
async function makeCertificates(): Promise<void> {
  const openssl = (...args: readonly string[]) =>
    mustRun("openssl", ["req", "-x509", ...args], { cwd: dir.path });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await openssl(...key, "-subj", "/CN=ca", "-keyout", "ca-key.pem", "-out", "ca.pem");
  const authority = ["-CA", "ca.pem", "-CAkey", "ca-key.pem"];
  for (const [name, keyName, use] of [
    ["server", "server-key", "serverAuth"],
    ["cert", "key", "clientAuth"],
  ] as const) {
    const extensions = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", `extendedKeyUsage=${use}`];
    const files = ["-keyout", `${keyName}.pem`, "-out", `${name}.pem`];
    await openssl(...key, "-subj", `/CN=${name}`, ...extensions, ...authority, ...files);
  }
}

beforeAll(async () => {
  dir = stack.use(await TempDir.create("ctx"));
  await makeCertificates();
  const tls = [
    "--tlsverify",
    "--tlscacert",
    pem("ca"),
    "--tlscert",
    pem("server"),
    "--tlskey",
    pem("server-key"),
  ];
  const hosts = ["-H", `unix://${socket()}`, "-H", "tcp://127.0.0.1:0"];
  const daemon: StartedProgram = stack.use(
    startProgram(join(repository, "bin/davitd"), [
      ...daemonRoots(dir.path),
      ...tls,
      ...hosts,
      "--config-file",
      "/dev/null",
    ]),
  );
  port = /:(\d+)"?$/.exec(await daemon.line("API listen on tcp://127.0.0.1"))?.[1] ?? "";
  const docker = (...args: readonly string[]) => mustRun("docker", args, { env: environment() });
  await docker("context", "create", "local", "--docker", `host=unix://${socket()}`);
  const files = `ca=${pem("ca")},cert=${pem("cert")},key=${pem("key")}`;
  await docker("context", "create", "secure", "--docker", `host=tcp://127.0.0.1:${port},${files}`);
});
afterAll(() => stack.disposeAsync());

const environment = (): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: dir.path,
  DOCKER_CONFIG: dir.join("config"),
});
const davit = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCommand(join(repository, "bin/davit"), args, { env: { ...environment(), ...env } });
const rootOf = ["info", "--format", "{{.DockerRootDir}}"];
const answered = () => ({ exitCode: 0, stderr: "", stdout: `${dir.join("data")}\n` });

describe("contexts of the docker CLI", () => {
  test.each(["local", "secure"])("--context %s reaches its daemon", async (name) => {
    expect(await davit(["--context", name, ...rootOf])).toEqual(answered());
    expect(await davit(rootOf, { DOCKER_CONTEXT: name })).toEqual(answered());
  });

  test("docker context use is followed, and DOCKER_HOST and -H win over it", async () => {
    await mustRun("docker", ["context", "use", "local"], { env: environment() });
    expect(await davit(rootOf)).toEqual(answered());
    const nowhere = await davit(rootOf, { DOCKER_HOST: "unix:///nonexistent/s" });
    expect(nowhere.stderr).toContain("unix:///nonexistent/s");
    expect((await davit(["-H", "unix:///nonexistent/t", ...rootOf])).stderr).toContain(
      "unix:///nonexistent/t",
    );
    await mustRun("docker", ["context", "use", "default"], { env: environment() });
    expect((await davit(rootOf)).stderr).toContain("unix:///run/davit/davit.sock");
  });

  test("one that is not there is told", async () => {
    const { stderr, exitCode } = await davit(["--context", "nosuch", ...rootOf]);
    expect(stderr).toContain('context "nosuch": context not found');
    expect(exitCode).toBe(1);
  });
});

describe("TLS", () => {
  const host = () => ["-H", `tcp://127.0.0.1:${port}`];
  const files = () => ["--tlscacert", pem("ca"), "--tlscert", pem("cert"), "--tlskey", pem("key")];

  test("--tlsverify with files", async () => {
    expect(await davit([...host(), "--tlsverify", ...files(), ...rootOf])).toEqual(answered());
  });

  test("DOCKER_TLS_VERIFY with the files of DOCKER_CERT_PATH", async () => {
    const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: dir.path };
    expect(await davit([...host(), ...rootOf], env)).toEqual(answered());
    expect(await davit([...host(), "--tlsverify=false", ...rootOf], env)).not.toEqual(answered());
  });

  test("a server of another CA is refused, unless nobody asks", async () => {
    const [cert, key] = await Promise.all([readFile(pem("server")), readFile(pem("server-key"))]);
    const server = createServer({ cert, key }, (_request, response) => {
      response.setHeader("Api-Version", "1.51").end("{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const there = `tcp://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    try {
      const refused = await davit(["-H", there, "--tlsverify", "--tlscacert", pem("cert"), ...rootOf]);
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toContain("error during connect");
      const trusting = await davit(["-H", there, "--tls", "info", "--format", "json"]);
      expect(trusting).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("unexpected answer") });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("a file that was named and is not there is told", async () => {
    const { stderr } = await davit([...host(), "--tlsverify", "--tlscacert", "/nonexistent.pem", ...rootOf]);
    expect(stderr).toContain("open /nonexistent.pem: no such file or directory");
  });
});

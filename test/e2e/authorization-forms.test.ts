import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  CertificateAuthority,
  findPeer,
  type IssuedCertificate,
  type PluginServer,
  pluginPid,
  runCommand,
  startDavitd,
  startPluginServer,
  TempDir,
  type TestEngine,
  writeRelayPlugin,
} from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const cleanup = new AsyncDisposableStack();
let dir: TempDir;
let engine: TestEngine;
/** One plugin, on a socket and on a port with TLS. */
let servers: readonly PluginServer[];
let tls: { readonly ca: string; readonly alice: IssuedCertificate; readonly port: string };

const allow = () => ({ Allow: true });
const allowing = { "AuthZPlugin.AuthZReq": allow, "AuthZPlugin.AuthZRes": allow };
const answer = (answers: Parameters<PluginServer["answer"]>[0]): void => {
  for (const server of servers) server.answer(answers);
};
const calls = () => servers.flatMap(({ calls: each }) => each);
/** A policy by what is asked: refuses where the expression is found. */
const refuse = (what: RegExp) => (body: unknown) => ({
  Allow: !what.test(JSON.stringify(body)),
  Msg: "closed",
});

async function reload(names: readonly string[]): Promise<void> {
  const from = engine.log.length;
  await writeFile(join(engine.dir, "daemon.json"), JSON.stringify({ "authorization-plugins": names }));
  process.kill(await engine.pid(), "SIGHUP");
  await engine.line("Reloaded configuration", from);
}

beforeAll(async () => {
  dir = cleanup.use(await TempDir.create("az"));
  const authority = await CertificateAuthority.create(dir.path, "ca");
  const [server, alice] = await Promise.all([
    authority.issue("server", { altName: "DNS:localhost,IP:127.0.0.1" }),
    authority.issue("alice", { altName: "DNS:alice" }),
  ]);
  engine = cleanup.use(
    await startDavitd(
      "--host=tcp://127.0.0.1:0",
      "--tlsverify",
      `--tlscacert=${authority.path}`,
      `--tlscert=${server.certPath}`,
      `--tlskey=${server.keyPath}`,
    ),
  );
  const port = /127\.0\.0\.1:(\d+)/.exec(await engine.line("API listen on tcp"))?.[1] ?? "";
  tls = { ca: authority.path, alice, port };
  const common = { implements: ["authz"], answers: allowing };
  servers = [
    cleanup.use(await startPluginServer({ ...common, listen: { socket: dir.join("server.sock") } })),
    cleanup.use(await startPluginServer({ ...common, listen: { port: 0, tls: server } })),
  ];
  const plugin = await writeRelayPlugin(dir.join("relay"), {
    types: ["docker.authz/1.0"],
    hostDir: dir.path,
    socket: "server.sock",
  });
  await engine.ok(["plugin", "create", "acme/guard", plugin]);
  await engine.ok(["plugin", "enable", "acme/guard"]);
  await symlink(dir.join("server.sock"), join(engine.pluginSocketDir, "plain.sock"));
  await writeFile(
    join(engine.pluginSpecDir, "remote.json"),
    JSON.stringify({ Addr: servers[1]?.address, TLSConfig: { CAFile: authority.path } }),
  );
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine.ok(["run", "-d", "--name", "box", "--network", "none", "busybox", "sleep", "600"]);
});
afterAll(() => cleanup.disposeAsync());
afterEach(async () => {
  answer(allowing);
  await reload([]);
  for (const server of servers) server.forget();
});

describe.each([
  ["managed", "acme/guard", "acme/guard:latest"],
  ["on a socket of its own", "plain", "plain"],
  ["by a JSON file, over TCP with TLS", "remote", "remote"],
])("a plugin %s", (_form, typed, name) => {
  test("lets docker work as without it", async () => {
    await reload([typed]);
    const run = await engine.docker(["run", "--rm", "-i", "--network", "none", "busybox", "cat"], {
      input: "typed",
    });
    expect(run).toEqual({ stdout: "typed", stderr: "", exitCode: 0 });
    expect(await engine.ok(["exec", "box", "echo", "hello"])).toBe("hello");
    await writeFile(dir.join("file"), "copied");
    await engine.ok(["cp", dir.join("file"), "box:/copied"]);
    expect(await engine.ok(["exec", "box", "cat", "/copied"])).toBe("copied");
    expect(await engine.ok(["logs", "box"])).toBe("");
    await engine.ok(["volume", "create", "vol"]);
    await engine.ok(["volume", "rm", "vol"]);
    await engine.ok(["save", "-o", dir.join("saved.tar"), "busybox"]);
    expect(await engine.ok(["load", "-i", dir.join("saved.tar")])).toContain("Loaded image: busybox:latest");
    expect(await engine.ok(["events", "--since", "1", "--until", String(Date.now() / 1000)])).toContain(
      "volume destroy vol",
    );
    const asked = calls().map(({ method }) => method);
    expect(asked.filter((method) => method === "AuthZPlugin.AuthZReq").length).toBeGreaterThan(10);
  });

  test.each([
    [
      "run",
      /containers\/create/,
      ["run", "--rm", "--network", "none", "busybox", "true"],
      "Error response from daemon: ",
    ],
    ["attach", /\/attach/, ["attach", "--no-stdin", "box"], ""],
    ["exec", /exec\/[0-9a-f]+\/start/, ["exec", "box", "true"], ""],
    ["events", /\/events/, ["events", "--until", "1s"], "Error response from daemon: "],
    ["logs", /\/logs/, ["logs", "box"], "Error response from daemon: "],
    ["copying in", /"PUT"/, ["cp", "/etc/hostname", "box:/tmp"], "Error response from daemon: "],
    ["pulling", /images\/create/, ["pull", "-q", "localhost:1/x"], "Error response from daemon: "],
  ])("refuses %s before, and after", async (_title, what, args, prefix) => {
    await reload([typed]);
    for (const method of ["AuthZPlugin.AuthZReq", "AuthZPlugin.AuthZRes"]) {
      answer({ ...allowing, [method]: refuse(what) });
      const { stdout, stderr, exitCode } = await engine.docker(args);
      expect(exitCode).not.toBe(0);
      expect(stdout).toBe("");
      const told = prefix === "" ? "received 403" : `${prefix}authorization denied by plugin ${name}: closed`;
      expect(stderr).toContain(told);
    }
  });
});

test("plugins of several forms are asked in their order, and the first that denies is named", async () => {
  await reload(["remote", "acme/guard", "plain"]);
  answer({ "AuthZPlugin.AuthZReq": refuse(/volumes/) });
  expect((await engine.docker(["volume", "ls"])).stderr).toContain("denied by plugin remote: closed");
});

describe("over TLS", () => {
  const alice = (...args: readonly string[]) =>
    runCommand(
      findPeer("docker"),
      [
        `--host=tcp://127.0.0.1:${tls.port}`,
        "--tlsverify",
        `--tlscacert=${tls.ca}`,
        `--tlscert=${tls.alice.certPath}`,
        `--tlskey=${tls.alice.keyPath}`,
        ...args,
      ],
      { env: { HOME: dir.path, PATH: "/usr/bin:/bin" } },
    );

  test("the user is the name of the client's certificate, which is shown; on the UNIX socket there is none", async () => {
    await reload(["plain"]);
    expect((await alice("exec", "box", "echo", "hello")).stdout).toBe("hello\n");
    const certificate = Buffer.from(tls.alice.cert).toString("base64");
    for (const { body } of calls()) {
      expect(body).toMatchObject({
        User: "alice",
        UserAuthNMethod: "TLS",
        RequestPeerCertificates: [certificate],
      });
    }
    servers[0]?.forget();
    await engine.ok(["ps"]);
    for (const { body } of calls()) expect(body).not.toHaveProperty("User");
    for (const { body } of calls()) expect(body).not.toHaveProperty("UserAuthNMethod");
    expect(calls().length).toBeGreaterThan(0);
  });

  test("what is denied to one user is allowed to another", async () => {
    await reload(["plain"]);
    answer({ "AuthZPlugin.AuthZReq": refuse(/"User":"alice".*volumes\/create/) });
    expect((await alice("volume", "create", "vol")).stderr).toContain("denied by plugin plain: closed");
    expect((await alice("volume", "ls")).exitCode).toBe(0);
    await engine.ok(["volume", "create", "vol"]);
    await engine.ok(["volume", "rm", "vol"]);
  });
});

describe("a start with a chain", () => {
  test("holds requests until plugins are up, and takes a managed one that runs over", async () => {
    await reload(["acme/guard"]);
    await engine.stop();
    answer({ "AuthZPlugin.AuthZReq": refuse(/volumes/) });
    await engine.start();
    expect((await engine.docker(["volume", "ls"])).stderr).toContain(
      "denied by plugin acme/guard:latest: closed",
    );
    await engine.ok(["ps"]);
  });

  test("starts a managed plugin that was stopped, and lets nothing pass before", async () => {
    await reload(["acme/guard"]);
    const plugin = await pluginPid(engine, "acme/guard");
    await engine.kill();
    process.kill(plugin, "SIGKILL");
    answer({ "AuthZPlugin.AuthZReq": refuse(/volumes/) });
    await engine.start();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => engine.request("GET", "/v1.41/volumes")),
    );
    const told = new Set(answers.map(({ body }) => body));
    expect(told).toEqual(
      new Set(['{"message":"authorization denied by plugin acme/guard:latest: closed"}\n']),
    );
  });

  test("denies everything where a plugin is not there, until root takes it out of the list", async () => {
    await writeFile(join(engine.dir, "daemon.json"), JSON.stringify({ "authorization-plugins": ["nosuch"] }));
    await engine.stop();
    await engine.start();
    await engine.line("authorization plugin cannot be asked");
    expect((await engine.docker(["ps"])).stderr).toContain(
      'plugin nosuch failed with error: plugin "nosuch" not found',
    );
    await reload([]);
    await engine.ok(["ps"]);
  });
});

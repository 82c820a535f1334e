import { daemonRoots, findPeer, mustRun, repository, runCommand, TempDir } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProgram } from "./start-program.ts";

const program = `${repository}/bin/davitd`;
let dir: TempDir;

/** A CA, a server's and a client's certificate of it, and a client's of another CA. */
beforeAll(async () => {
  dir = await TempDir.create("tls");
  const openssl = (...args: readonly string[]) => mustRun("openssl", args, { cwd: dir.path });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  for (const ca of ["ca", "other-ca"]) {
    await openssl(
      "req",
      "-x509",
      ...key,
      "-subj",
      `/CN=${ca}`,
      "-keyout",
      `${ca}-key.pem`,
      "-out",
      `${ca}.pem`,
    );
  }
  for (const [name, ca, use] of [
    ["server", "ca", "serverAuth"],
    ["cert", "ca", "clientAuth"],
    ["stranger", "other-ca", "clientAuth"],
  ] as const) {
    const extensions = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", `extendedKeyUsage=${use}`];
    await openssl(
      "req",
      "-x509",
      ...key,
      "-subj",
      `/CN=${name}`,
      ...extensions,
      "-CA",
      `${ca}.pem`,
      "-CAkey",
      `${ca}-key.pem`,
      "-keyout",
      `${name}-key.pem`,
      "-out",
      `${name}.pem`,
    );
  }
});
afterAll(() => dir[Symbol.asyncDispose]());

const roots = (name: string) => [...daemonRoots(dir.join(name)), "--config-file", "/dev/null"];
const certificates = () => ["--tlscert", dir.join("server.pem"), "--tlskey", dir.join("server-key.pem")];
const client = (name: string) => [
  "--tlscacert",
  dir.join("ca.pem"),
  "--tlscert",
  dir.join(`${name}.pem`),
  "--tlskey",
  dir.join(`${name}-key.pem`),
];
const docker = (...args: readonly string[]) =>
  runCommand(findPeer("docker"), args, { env: { HOME: dir.path, PATH: "/usr/bin:/bin" } });
const portOf = (line: string): string => /:(\d+)"?$/.exec(line)?.[1] ?? "";

describe("a daemon with --tlsverify", () => {
  let port: string;
  const stack = new AsyncDisposableStack();
  beforeAll(async () => {
    const verify = ["--tlsverify", "--tlscacert", dir.join("ca.pem"), ...certificates()];
    const daemon = stack.use(startProgram(program, [...roots("a"), ...verify, "-H", "tcp://127.0.0.1:0"]));
    port = portOf(await daemon.line("API listen on"));
  });
  afterAll(() => stack.disposeAsync());

  test("serves docker clients with a certificate of its CA", async () => {
    const host = ["-H", `tcp://127.0.0.1:${port}`, "--tlsverify", ...client("cert")];
    const { stdout, stderr } = await docker(...host, "info", "--format", "{{.DockerRootDir}}");
    expect(stderr).toBe("");
    expect(stdout).toBe(`${dir.join("a/data")}\n`);
  });

  test("refuses docker clients with another's certificate, and with none", async () => {
    const host = ["-H", `tcp://127.0.0.1:${port}`];
    const stranger = await docker(...host, "--tlsverify", ...client("stranger"), "info");
    expect(stranger.exitCode).toBe(1);
    const nobody = await docker(...host, "--tls", "version");
    expect(nobody.exitCode).toBe(1);
    const plain = await docker(...host, "version");
    expect(plain.stderr).not.toBe("");
    expect(plain.exitCode).toBe(1);
  });

  test("answers curl with a certificate, and only then", async () => {
    const url = ["-sS", "--cacert", dir.join("ca.pem"), `https://127.0.0.1:${port}/_ping`];
    const certificate = ["--cert", dir.join("cert.pem"), "--key", dir.join("cert-key.pem")];
    expect(await mustRun("curl", [...certificate, ...url])).toBe("OK");
    expect((await runCommand("curl", url)).exitCode).not.toBe(0);
  });
});

test("a daemon with --tls serves any client that trusts it, and warns of who may use it", async () => {
  await using daemon = startProgram(program, [
    ...roots("b"),
    "--tls",
    ...certificates(),
    "-H",
    "tcp://0.0.0.0:0",
  ]);
  const warning = await daemon.line("without a client certificate");
  expect(warning).toContain("level=warning");
  const port = portOf(await daemon.line("API listen on"));
  const url = ["-sS", "--cacert", dir.join("ca.pem"), `https://127.0.0.1:${port}/_ping`];
  expect(await mustRun("curl", url)).toBe("OK");
});

test("a daemon without TLS on loopback does not warn", async () => {
  await using daemon = startProgram(program, [...roots("c"), "-H", "tcp://127.0.0.1:0"]);
  const port = portOf(await daemon.line("API listen on"));
  expect(await mustRun("curl", ["-sS", `http://127.0.0.1:${port}/_ping`])).toBe("OK");
  expect(daemon.log.join("\n")).not.toContain("client certificate");
});

describe("a daemon with fd://", () => {
  test("serves the sockets that systemd hands over, starting with the first connection", async () => {
    const sockets = [dir.join("one.sock"), dir.join("two.sock")];
    const listen = sockets.map((socket) => `--listen=${socket}`);
    const args = [
      ...listen,
      "--setenv=PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      program,
      ...roots("f"),
      "-H",
      "fd://",
    ];
    await using daemon = startProgram("systemd-socket-activate", args);
    await daemon.line("Listening on /tmp");
    for (const socket of sockets) {
      expect(
        await mustRun("curl", ["-sS", "--retry-all-errors", "--unix-socket", socket, "http://d/_ping"]),
      ).toBe("OK");
    }
    expect(daemon.log.join("\n")).toContain("API listen on fd://3");
    expect(daemon.log.join("\n")).toContain("API listen on fd://4");
  });

  test("does not start when nothing was handed over", async () => {
    const { stderr, exitCode } = await runCommand(program, [...roots("g"), "-H", "fd://"]);
    expect(stderr).toContain("setting host fd://: no socket was handed over");
    expect(exitCode).toBe(1);
  });
});

/** A service manager as systemd is: it prints what it is told, and closes the file of a barrier. */
const serviceManager = `
import array, os, socket, sys
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.bind(sys.argv[1])
print("bound", flush=True)
while True:
    text, fds, _, _ = socket.recv_fds(inbox, 4096, 8)
    for fd in fds: os.close(fd)
    print(text.decode().replace("\\n", " "), flush=True)
`;

test("a service manager is told when the daemon is ready, and when it stops", async () => {
  const socket = dir.join("notify.sock");
  await using manager = startProgram("python3", ["-c", serviceManager, socket]);
  await manager.line("bound");
  const flags = [...roots("h"), "-H", `unix://${dir.join("h.sock")}`];
  await using daemon = startProgram("env", [`NOTIFY_SOCKET=${socket}`, program, ...flags]);
  expect(await manager.line("READY=1")).toMatch(/^READY=1 MAINPID=\d+/);
  expect(daemon.log.join("\n")).toContain("completed initialization");
  expect(await daemon.stop()).toBe(0);
  await manager.line("STOPPING=1");
});

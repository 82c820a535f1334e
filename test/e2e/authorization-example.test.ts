import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  CertificateAuthority,
  findPeer,
  type IssuedCertificate,
  peerEnvironment,
  repository,
  runCommand,
  startDavitd,
  TempDir,
  type TestEngine,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const example = "examples/read-only-users";
const cleanup = new AsyncDisposableStack();
let dir: TempDir;
let engine: TestEngine;
let authority: CertificateAuthority;
let port = "";

beforeAll(async () => {
  dir = cleanup.use(await TempDir.create("ru"));
  authority = await CertificateAuthority.create(dir.path, "ca");
  const server = await authority.issue("server", { altName: "IP:127.0.0.1" });
  engine = cleanup.use(
    await startDavitd(
      "--host=tcp://127.0.0.1:0",
      "--tlsverify",
      `--tlscacert=${authority.path}`,
      `--tlscert=${server.certPath}`,
      `--tlskey=${server.keyPath}`,
    ),
  );
  port = /127\.0\.0\.1:(\d+)/.exec(await engine.line("API listen on tcp"))?.[1] ?? "";
});
afterAll(() => cleanup.disposeAsync());

const as =
  (user: IssuedCertificate) =>
  (...args: readonly string[]) =>
    runCommand(
      findPeer("docker"),
      [
        `--host=tcp://127.0.0.1:${port}`,
        "--tlsverify",
        `--tlscacert=${authority.path}`,
        `--tlscert=${user.certPath}`,
        `--tlskey=${user.keyPath}`,
        ...args,
      ],
      { env: { HOME: dir.path, PATH: "/usr/bin:/bin" } },
    );

describe("the example of an authorization plugin", () => {
  test("is made by the commands of its page, and keeps those who may only look from acting", async () => {
    const page = await readFile(join(repository, example, "README.md"), "utf8");
    const commands = /^```sh\n(.*?)^```$/ms.exec(page)?.[1] ?? "";
    expect(commands).toContain("plugin enable");
    const env = {
      ...engine.environment(),
      PATH: `${dirname(findPeer("docker"))}:${peerEnvironment()["PATH"] ?? ""}`,
    };
    const made = await runCommand("sh", ["-ec", commands], { cwd: repository, env });
    expect([made.exitCode, made.stderr]).toEqual([0, ""]);

    const from = engine.log.length;
    const setting = /`("authorization-plugins": [^`]*)`/.exec(page)?.[1] ?? "";
    await writeFile(join(engine.dir, "daemon.json"), `{${setting}}`);
    process.kill(await engine.pid(), "SIGHUP");
    await engine.line("Reloaded configuration", from);

    const [alice, bob] = await Promise.all([
      authority.issue("alice", { altName: "DNS:alice" }),
      authority.issue("bob", { altName: "DNS:bob" }),
    ]);
    expect((await as(alice)("volume", "create", "files")).exitCode).toBe(0);
    expect(await as(bob)("volume", "ls", "--quiet")).toEqual({ stdout: "files\n", stderr: "", exitCode: 0 });
    expect(await as(bob)("volume", "rm", "files")).toEqual({
      stdout: "",
      stderr:
        "Error response from daemon: authorization denied by plugin acme/read-only-users:latest: user bob may not DELETE /volumes/files\n",
      exitCode: 1,
    });
    expect((await as(bob)("info")).exitCode).toBe(0);
    await engine.ok(["volume", "rm", "files"]);
  });
});

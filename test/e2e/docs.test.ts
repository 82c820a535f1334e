import { glob, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  busyboxRootfs,
  findPeer,
  mustRun,
  peerEnvironment,
  repository,
  runCommand,
  startDockerd,
  startDockerRegistry,
  TempDir,
} from "@davit/testkit";
import { expect, test } from "vitest";
import { runInPrivateSystem, whileItRuns } from "./private-system.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

/** The blocks of a page that are fenced so, in their order. */
async function blocksOf(page: string, fence: string): Promise<readonly string[]> {
  const text = await readFile(join(repository, page), "utf8");
  return [...text.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].flatMap(([, mark, block = ""]) =>
    mark === fence ? [block] : [],
  );
}

/** The page's commands as one script; those for a running plugin come when it runs. */
async function scriptOf(page: string): Promise<string> {
  const whileRunning = await blocksOf(page, "sh test while running");
  const inOrder = await blocksOf(page, "sh test");
  return inOrder
    .flatMap((block) => (block.includes("docker volume inspect") ? [block, ...whileRunning] : [block]))
    .join("\n");
}

test("the commands of docs/plugin-authors.md do what they say, one after the other", async () => {
  await using dir = await TempDir.create("docs");
  const registry = await startDockerRegistry();
  try {
    await mkdir(dir.join("examples"));
    await symlink(join(repository, "node_modules"), dir.join("node_modules"));
    const script = (await scriptOf("docs/plugin-authors.md"))
      .replaceAll("localhost:5000", registry.host)
      .replaceAll("/run/docker/plugins/$id", join(davitd.engine.dir, "p/$id"))
      .replaceAll("/run/davit/", `${join(davitd.engine.dir, "exec")}/`);
    const env = {
      ...peerEnvironment(),
      PATH: `${dirname(findPeer("docker"))}:${peerEnvironment()["PATH"] ?? ""}`,
      DOCKER_HOST: `unix://${davitd.engine.socket}`,
      DOCKER_CONFIG: dir.path,
    };
    const { stdout, stderr, exitCode } = await runCommand("sh", ["-ec", script], { cwd: dir.path, env });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^hello$/m);
    expect(stdout).toContain('"Name":"greetings"');
    expect(stdout).toMatch(/"status": "running"/);
    expect(await davitd.engine.ok(["plugin", "ls", "--quiet"])).toBe("");
  } finally {
    await registry.stop();
  }
});

/** Blocks with these marks are executed: by this file, or by what is named. */
const marks: Readonly<Record<string, string>> = {
  "sh test": "docs.test.ts",
  "sh test while running": "docs.test.ts",
  "sh test with certificates": "docs.test.ts",
  "sh test to keep": "docs.test.ts",
  "sh test from docker": "docs.test.ts",
  "sh test offered": "docs.test.ts",
  "sh test unmanaged": "docs-unmanaged.test.ts",
  // The same commands, with names that are made there.
  "sh test in podman": "plugin-offer.test.ts",
  "sh test on installation": "installation.test.ts",
  // `npm run demo` is demo.test.ts, `npm test` is what runs them all.
  "sh test apart": "demo.test.ts",
};

test("every fenced command of the pages is executed by a test", async () => {
  const pages = ["README.md", "CONTRIBUTING.md"];
  for await (const page of glob("docs/**/*.md", { cwd: repository })) pages.push(page);
  for (const page of pages) {
    const text = await readFile(join(repository, page), "utf8");
    const fences = [...text.matchAll(/^```([^\n]*)\n.*?^```$/gms)].map(([, mark = ""]) => mark);
    const shells = fences.filter((mark) => /^(?:sh|shell|bash|console)\b/.test(mark));
    expect({ page, untested: shells.filter((mark) => !Object.hasOwn(marks, mark)) }).toEqual({
      page,
      untested: [],
    });
  }
  const tests = await readdir(import.meta.dirname);
  expect(tests).toEqual(expect.arrayContaining(Object.values(marks)));
  expect(await blocksOf("README.md", "sh test apart")).toEqual(["npm run demo\nnpm test\n"]);
});

test("what docs/operations.md types at systemd names units that are packaged, and what they can", async () => {
  const page = await readFile(join(repository, "docs/operations.md"), "utf8");
  const typed = [...page.matchAll(/`(?:systemctl (\w+)|journalctl -u) ([^`]+)`/g)];
  expect(typed.map(([command]) => command)).toContain("`systemctl reload davit`");
  for (const [, verb, names = ""] of typed) {
    for (const name of names.split(" ")) {
      const unit = await readFile(
        join(repository, "packaging", name.includes(".") ? name : `${name}.service`),
        "utf8",
      );
      expect(unit).toMatch(verb === "reload" ? /^ExecReload=/m : /^\[Install\]$/m);
    }
  }
});

const usualEnvironment = (): Record<string, string> => ({
  ...peerEnvironment(),
  PATH: `${join(repository, "bin")}:${dirname(findPeer("docker"))}:${peerEnvironment()["PATH"] ?? ""}`,
});

test("the commands of README.md keep a daemon and use a plugin", async () => {
  await using dir = await TempDir.create("docs");
  const registry = await startDockerRegistry();
  try {
    const remote = `${registry.host}/vieux/sshfs`;
    await davitd.engine.ok(["plugin", "create", remote, davitd.plugin]);
    await davitd.engine.ok(["plugin", "push", remote]);
    await davitd.engine.ok(["plugin", "rm", remote]);
    await writeFile(dir.join("busybox.tar"), await busyboxRootfs());
    const [start = "", use = ""] = await blocksOf("README.md", "sh test to keep");
    const [address = "", ...commands] = use.replaceAll("vieux/sshfs", remote).trim().split("\n");
    const before = [`docker import ${dir.join("busybox.tar")} busybox`];
    const after = ["docker volume rm files", `docker plugin rm -f ${remote}`, "docker rmi busybox"];
    const script = [address, ...before, ...commands, "echo used", ...after].join("\n");
    const { stdout, stderr, exitCode } = await runInPrivateSystem(whileItRuns(start, script), {
      cwd: repository,
      env: { ...usualEnvironment(), DOCKER_CONFIG: dir.path, HOME: dir.path },
    });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^files\nused$/m);
    expect(exitCode).toBe(0);
  } finally {
    await registry.stop();
  }
});

test("the commands of docs/operations.md serve a client with certificates", async () => {
  await using dir = await TempDir.create("docs");
  const openssl = (...args: readonly string[]) => mustRun("openssl", args, { cwd: dir.path });
  const newKey = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "1",
  ];
  await openssl(...newKey, "-subj", "/CN=ca", "-keyout", "ca-key.pem", "-out", "ca.pem");
  for (const [name, key, use] of [
    ["server", "server-key", "serverAuth"],
    ["cert", "key", "clientAuth"],
  ]) {
    const signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-keyout", `${key}.pem`, "-out", `${name}.pem`];
    const extensions = ["-addext", "subjectAltName=DNS:server", "-addext", `extendedKeyUsage=${use}`];
    await openssl(...newKey, "-subj", `/CN=${name}`, ...extensions, ...signed);
  }
  const [block = ""] = await blocksOf("docs/operations.md", "sh test with certificates");
  const [serve = "", ...use] = block.trim().split("\n");
  const { stdout, stderr, exitCode } = await runInPrivateSystem(whileItRuns(serve, use.join("\n")), {
    ownNetwork: true,
    hosts: "127.0.0.1 localhost server",
    cwd: dir.path,
    env: { ...usualEnvironment(), DOCKER_CONFIG: dir.path, HOME: dir.path },
  });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^ID +NAME +DESCRIPTION +ENABLED$/m);
  expect(exitCode).toBe(0);
});

test("the commands of docs/taking-over.md bring a Docker Engine's plugins along", async () => {
  await using dockerd = await startDockerd();
  await dockerd.ok(["plugin", "create", "acme/from-docker", davitd.plugin]);
  const [block = ""] = await blocksOf("docs/taking-over.md", "sh test from docker");
  const [stop = "", copy = "", start = ""] = block.trim().split("\n");
  expect([stop, start]).toEqual(["systemctl stop docker.socket docker.service", "systemctl start davit"]);
  await dockerd.stop();
  const script = [
    // As an installed davitd has made it.
    "mkdir -p /var/lib/davit/plugins /var/lib/docker",
    `mount --bind ${dockerd.dataRoot} /var/lib/docker`,
    copy,
    whileItRuns("davitd", "docker -H unix:///run/davit/davit.sock plugin ls"),
  ].join("\n");
  const { stdout, stderr } = await runInPrivateSystem(script, { ownNetwork: true, env: usualEnvironment() });
  expect(stderr).toBe("");
  expect(stdout).toContain("acme/from-docker:latest");
});

test("the commands of docs/other-engines.md offer a plugin and withdraw it", async () => {
  const [block = ""] = await blocksOf("docs/other-engines.md", "sh test offered");
  const begin = [`davit plugin create vieux/sshfs ${davitd.plugin}`, "davit plugin enable vieux/sshfs"];
  const end = ["davit plugin disable vieux/sshfs", "davit plugin rm vieux/sshfs"];
  const script = [...begin, block, ...end].join("\n");
  const { stdout, stderr, exitCode } = await runInPrivateSystem(whileItRuns("davitd", script), {
    ownNetwork: true,
    env: usualEnvironment(),
  });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^ID +NAME .*OFFERED AS$/m);
  expect(exitCode).toBe(0);
});

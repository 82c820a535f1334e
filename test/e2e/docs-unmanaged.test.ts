import { readFile, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { busyboxRootfs, findPeer, peerEnvironment, repository, runCommand, TempDir } from "@davit/testkit";
import { expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--plugin-retry-timeout=30");
const page = "docs/unmanaged-plugins.md";

async function blocksOf(fence: string): Promise<readonly string[]> {
  const text = await readFile(join(repository, page), "utf8");
  return [...text.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].flatMap(([, mark, block = ""]) =>
    mark === fence ? [block] : [],
  );
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

test(`the commands of ${page} do what they say, one after the other`, async () => {
  const { engine } = davitd;
  await using dir = await TempDir.create("docs");
  await symlink(join(repository, "node_modules"), dir.join("node_modules"));
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const port = String(await freePort());
  const here = (text: string): string =>
    text
      .replaceAll("/run/docker/plugins", engine.pluginSocketDir)
      .replaceAll("/etc/docker/plugins", engine.pluginSpecDir)
      .replaceAll("8443", port);
  const script = here((await blocksOf("sh test unmanaged")).join("\n"));
  const folders = [dirname(process.execPath), dirname(findPeer("docker")), peerEnvironment()["PATH"] ?? ""];
  const env = { ...engine.environment(), PATH: folders.join(":") };
  // To files: what the page leaves running would hold pipes open.
  const typed = `exec > stdout 2> stderr\n${script}`;
  const { exitCode } = await runCommand("sh", ["-ec", typed], { cwd: dir.path, env });
  const [stdout = "", stderr = ""] = await Promise.all(
    ["stdout", "stderr"].map((name) => readFile(dir.join(name), "utf8")),
  );
  for (const output of await blocksOf("text output")) expect(stderr).toContain(here(output));
  expect(stdout.split("\n").filter((line) => !/^(serving|stopping|VolumeDriver\.)/.test(line))).toEqual([
    "greetings",
    "hello",
    "others",
    "others",
    "others",
    "later",
    "greetings",
    "later",
    "refused",
    "again",
    "again",
    "notes",
    "note",
    "notes",
    "",
  ]);
  expect(exitCode).toBe(0);
});

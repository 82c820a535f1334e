import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readDockerContext } from "./docker-context.ts";

async function contextDirectory(name: string, meta: unknown, pems: readonly string[] = []): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "dctx-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const id = createHash("sha256").update(name).digest("hex");
  await mkdir(join(directory, "contexts/meta", id), { recursive: true });
  await writeFile(join(directory, "contexts/meta", id, "meta.json"), JSON.stringify(meta));
  await mkdir(join(directory, "contexts/tls", id, "docker"), { recursive: true });
  for (const pem of pems) await writeFile(join(directory, "contexts/tls", id, "docker", pem), pem);
  return directory;
}

const endpoints = (docker: object) => ({ Name: "c", Metadata: {}, Endpoints: { docker } });

test("a context names its host", async () => {
  const directory = await contextDirectory("c", endpoints({ Host: "unix:///s", SkipTLSVerify: false }));
  expect(readDockerContext(directory, "c")).toEqual({ host: "unix:///s", tls: undefined });
});

test("a context brings its certificates", async () => {
  const files = ["ca.pem", "cert.pem", "key.pem"];
  const directory = await contextDirectory("c", endpoints({ Host: "tcp://h" }), files);
  expect(readDockerContext(directory, "c").tls).toEqual({
    ca: "ca.pem",
    cert: "cert.pem",
    key: "key.pem",
    verify: true,
  });
});

test("a context may trust anybody", async () => {
  const directory = await contextDirectory("c", endpoints({ Host: "tcp://h", SkipTLSVerify: true }));
  expect(readDockerContext(directory, "c").tls).toEqual({ verify: false });
});

test("tells a context that is not there, and one that is damaged", async () => {
  const directory = await contextDirectory("c", { Name: 1 });
  expect(() => readDockerContext(directory, "other")).toThrow('context "other": context not found');
  expect(() => readDockerContext(directory, "c")).toThrow(/^parse .*meta\.json: Name/);
});

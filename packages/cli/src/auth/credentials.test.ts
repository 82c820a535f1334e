import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseConfigFile } from "./config-file.ts";
import { CredentialHelper } from "./credential-helper.ts";
import { encodeCredentials, encodeEntry, findCredentials } from "./credentials.ts";
import { hubKey, registryKey, registryKeyOf } from "./registry-key.ts";

const { signal } = new AbortController();

test.each([
  ["vieux/sshfs", hubKey],
  ["localhost:5000/a/b:1", "localhost:5000"],
  ["ghcr.io/a/b", "ghcr.io"],
])("%s asks the credentials of %s", (reference, key) => {
  expect(registryKeyOf(reference)).toBe(key);
});

test("addresses of Docker Hub are one key", () => {
  for (const server of ["docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"]) {
    expect(registryKey(server)).toBe(hubKey);
  }
});

test("finds an entry by its key or its host", async () => {
  const config = parseConfigFile(
    JSON.stringify({
      auths: {
        "https://reg.example/v1/": { auth: encodeEntry("ann", "a:b") },
        "tok.example": { identitytoken: "T" },
        "empty.example": {},
      },
    }),
    "config.json",
  );
  const find = (key: string) => findCredentials(config, key, {}, signal);
  expect(await find("reg.example")).toEqual({
    username: "ann",
    password: "a:b",
    serveraddress: "reg.example",
  });
  expect(await find("tok.example")).toEqual({ identitytoken: "T", serveraddress: "tok.example" });
  expect(await find("empty.example")).toBeUndefined();
  expect(await find("other.example")).toBeUndefined();
});

test("anonymous is an empty object, in base64url", () => {
  expect(encodeCredentials(undefined)).toBe("e30=");
  expect(encodeCredentials({ username: "??>", password: "ÿ" })).not.toMatch(/[+/]/);
});

test("refuses a configuration file that is none", () => {
  expect(() => parseConfigFile("{", "c.json")).toThrow("parse c.json: ");
  expect(() => parseConfigFile('{"auths":[]}', "c.json")).toThrow("parse c.json: auths");
  expect(parseConfigFile("", "c.json")).toEqual({});
});

async function helperEnvironment(script: string): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), "davit-helper-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const program = join(directory, "docker-credential-fake");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return { PATH: `${directory}${delimiter}${process.env["PATH"] ?? ""}` };
}

test("asks the helper of the registry, before the file", async () => {
  const env = await helperEnvironment('read s; echo "{\\"Username\\":\\"u-$s\\",\\"Secret\\":\\"p\\"}"');
  const config = parseConfigFile(
    JSON.stringify({ credHelpers: { "reg.example": "fake" }, auths: { "reg.example": { auth: "eDp5" } } }),
    "c",
  );
  expect(await findCredentials(config, "reg.example", env, signal)).toEqual({
    username: "u-reg.example",
    password: "p",
    serveraddress: "reg.example",
  });
});

test("a helper's token is an identity token, and what it does not know is anonymous", async () => {
  const config = parseConfigFile('{"credsStore":"fake"}', "c");
  const token = await helperEnvironment('echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"T\\"}"');
  expect(await findCredentials(config, "r.io", token, signal)).toEqual({
    identitytoken: "T",
    serveraddress: "r.io",
  });
  const empty = await helperEnvironment('echo "credentials not found in native keychain"; exit 1');
  expect(await findCredentials(config, "r.io", empty, signal)).toBeUndefined();
});

test("tells what a helper says, and that it is missing", async () => {
  const env = await helperEnvironment('echo "keychain is locked"; exit 1');
  await expect(new CredentialHelper("fake", env).get("r.io", signal)).rejects.toThrow(
    'error doing "get" with credentials: docker-credential-fake: keychain is locked',
  );
  await expect(new CredentialHelper("none", env).get("r.io", signal)).rejects.toThrow(
    "executable file not found in $PATH",
  );
});

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CommandOptions,
  type DockerRegistry,
  repository,
  runCommand,
  startDockerRegistry,
} from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onTerminal } from "./on-terminal.ts";
import { useDavitd } from "./use-davitd.ts";

// htpasswd of "captain" and "davit"; bcrypt, because the registry takes nothing else.
const htpasswd = "captain:$2b$04$abcdefghijklmnopqrstuu0REpWhy7e9w9yWZ4FiEnfEcIfixcAOG\n";

const daemon = useDavitd();
const program = join(repository, "bin/davit");
let registry: DockerRegistry;

beforeAll(async () => {
  registry = await startDockerRegistry({ htpasswd });
  const name = `${registry.host}/acme/v:1`;
  await davit(["login", "-u", "captain", "--password-stdin", registry.host], { input: "davit\n" });
  await davit(["plugin", "create", name, daemon.plugin]);
  await davit(["plugin", "push", name]);
  await davit(["plugin", "rm", name]);
  await davit(["logout", registry.host]);
});
afterAll(() => registry.stop());

const davit = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(program, args, { ...options, env: daemon.engine.environment() });
const configFile = () => join(daemon.engine.dir, "docker-config/config.json");
const readAuths = async (): Promise<unknown> => JSON.parse(await readFile(configFile(), "utf8"));

test("davit login --password-stdin keeps what the registry accepts", async () => {
  const login = ["login", "-u", "captain", "--password-stdin", registry.host];
  expect(await davit(login, { input: "davit\n" })).toMatchObject({
    exitCode: 0,
    stdout: "Login Succeeded\n",
  });
  const auth = Buffer.from("captain:davit").toString("base64");
  expect(await readAuths()).toEqual({ auths: { [registry.host]: { auth } } });
  // Both clients share the file.
  expect(await daemon.engine.ok(["logout", registry.host])).toBe(
    `Removing login credentials for ${registry.host}`,
  );
  expect(await readAuths()).toEqual({ auths: {} });
});

test("davit login keeps nothing that the registry refuses", async () => {
  await writeFile(configFile(), "{}");
  const login = ["login", "-u", "captain", "--password-stdin", registry.host];
  const { stderr, exitCode } = await davit(login, { input: "wrong" });
  expect(stderr).toContain("unauthorized");
  expect(exitCode).toBe(1);
  expect(await readAuths()).toEqual({});
});

test("davit login asks on a terminal, without showing the password", async () => {
  await using terminal = onTerminal(program, ["login", registry.host], daemon.engine.environment());
  await terminal.shows("Username: ");
  terminal.type("captain\n");
  await terminal.shows("Password: ");
  terminal.type("davit\r");
  await terminal.shows("Login Succeeded");
  expect(await terminal.exitCode).toBe(0);
  expect(terminal.output).not.toContain("davit\r");
  await davit(["logout", registry.host]);
});

test("davit plugin install logs in when the registry wants to know who asks, and goes on", async () => {
  const name = `${registry.host}/acme/v:1`;
  await using terminal = onTerminal(program, ["plugin", "install", name], daemon.engine.environment());
  await terminal.shows("Login prior to plugin install:");
  await terminal.shows("Username: ");
  terminal.type("captain\n");
  await terminal.shows("Password: ");
  terminal.type("davit\r");
  await terminal.shows("[y/N] ");
  terminal.type("y\n");
  await terminal.shows(`Installed plugin ${name}`);
  expect(await terminal.exitCode).toBe(0);
  await davit(["plugin", "rm", "-f", name]);
  await davit(["logout", registry.host]);
});

test("davit login, plugin install and logout go by the credential helper, and the file keeps no password", async () => {
  const helpers = daemon.dir.join("helpers");
  const kept = join(helpers, "kept");
  await mkdir(helpers);
  await writeFile(
    join(helpers, "docker-credential-chest"),
    `#!/bin/sh
case $1 in
  store) cat > ${kept} ;;
  get) cat ${kept} 2> /dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) rm ${kept} ;;
esac
`,
    { mode: 0o755 },
  );
  await writeFile(configFile(), JSON.stringify({ credsStore: "chest" }));
  const env = { ...daemon.engine.environment() };
  const own = (args: readonly string[], input = "") =>
    runCommand(program, args, { input, env: { ...env, PATH: `${helpers}:${env["PATH"] ?? ""}` } });
  const login = await own(["login", "-u", "captain", "--password-stdin", registry.host], "davit");
  expect(login).toMatchObject({ exitCode: 0, stdout: "Login Succeeded\n" });
  expect(JSON.parse(await readFile(kept, "utf8"))).toEqual({
    ServerURL: registry.host,
    Username: "captain",
    Secret: "davit",
  });
  expect(await readFile(configFile(), "utf8")).not.toContain(Buffer.from("captain:davit").toString("base64"));
  const name = `${registry.host}/acme/v:1`;
  const install = ["plugin", "install", "--grant-all-permissions", name];
  expect(await own(install)).toMatchObject({ exitCode: 0 });
  await davit(["plugin", "rm", "-f", name]);
  expect(await own(["logout", registry.host])).toMatchObject({ exitCode: 0 });
  await expect(readFile(kept)).rejects.toMatchObject({ code: "ENOENT" });
  expect((await own(install)).exitCode).toBe(1);
  await writeFile(configFile(), "{}");
});

test.each(["Username: ", "Password: "])("Ctrl-C at %j ends davit login with 130", async (question) => {
  await using terminal = onTerminal(program, ["login", registry.host], daemon.engine.environment());
  await terminal.shows("Username: ");
  if (question === "Password: ") {
    terminal.type("captain\n");
    await terminal.shows("Password: ");
  }
  terminal.type("\u0003");
  expect(await terminal.exitCode).toBe(130);
});

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, runCommand } from "@davit/testkit";
import { describe, expect, test } from "vitest";
import { expectNothingLeft, expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

/** A tar of given files, as another client than the docker CLI might send it. */
async function tarOf(name: string, files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const root = davitd.dir.join(name);
  await mkdir(root);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const tar = await runCommand("tar", ["-C", root, "-cf", `${root}.tar`, ...Object.keys(files)]);
  expect(tar.exitCode).toBe(0);
  return Buffer.from(await mustRun("base64", ["-w0", `${root}.tar`]), "base64");
}

const create = (name: string, body: Uint8Array) =>
  davitd.engine.request("POST", `/plugins/create?name=${encodeURIComponent(name)}`, { body });

describe("plugin create refuses", () => {
  test.for([
    ["Acme/V", "invalid reference format: repository name (V) must be lowercase"],
    ["", "invalid reference format"],
    [`acme/v@sha256:${"0".repeat(64)}`, "canonical references are not permitted"],
    ["a".repeat(64), "invalid repository name"],
  ] as const)("the name %j", async ([name, message]) => {
    const answer = await create(
      name,
      await tarOf(`name-${String(name.length)}`, { "config.json": "{}", "rootfs/x": "" }),
    );
    expect(answer.status).toBe(400);
    expect(answer.body).toContain(message.split(":")[0]);
    await expectNothingLeft(davitd.engine);
  });

  test.for([
    ["no config.json", { "rootfs/file": "" }, "config not found"],
    ["no rootfs", { "config.json": "{}" }, "no rootfs found: EOF"],
    ["a config.json that is not JSON", { "config.json": "{", "rootfs/file": "" }, "failed to parse config: "],
    [
      "a config.json of the wrong type",
      { "config.json": '{"Entrypoint":7}', "rootfs/file": "" },
      "failed to parse config: ",
    ],
  ] as const)("%s", async ([name, files, message]) => {
    const answer = await create("acme/wrong", await tarOf(name, files));
    expect(JSON.parse(answer.body)).toEqual({ message: expect.stringContaining(message) });
    expect(answer.status).toBe(400);
    await expectNothingLeft(davitd.engine);
  });

  test("a context that is not a tar", async () => {
    const answer = await create("acme/wrong", Buffer.from("certainly not a tar ".repeat(100)));
    expect(answer.status).toBe(400);
    expect(answer.body).toContain("failed to read from tar: ");
    await expectNothingLeft(davitd.engine);
  });

  test("a context that ends in the middle", async () => {
    const whole = await tarOf("whole", { "config.json": "{}", "rootfs/file": "x".repeat(10_000) });
    const answer = await create("acme/wrong", whole.subarray(0, 4096));
    expect(answer.status).toBe(400);
    expect(answer.body).toContain("unexpected EOF");
    await expectNothingLeft(davitd.engine);
  });

  test("a socket outside its own directory", async () => {
    const config = JSON.stringify({ Interface: { Socket: "../x.sock", Types: ["docker.volumedriver/1.0"] } });
    const answer = await create(
      "acme/wrong",
      await tarOf("socket", { "config.json": config, "rootfs/file": "" }),
    );
    expect(answer.status).toBe(400);
    await expectNothingLeft(davitd.engine);
  });
});

test("nothing of what was refused is left after a restart", () =>
  expectNothingLeftAfterRestart(davitd.engine));

describe("plugin create", () => {
  test("makes a disabled plugin, named with its tag", async () => {
    expect(await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin])).toBe("acme/v");
    const format = "{{.Name}} {{.Enabled}} {{.PluginReference}}";
    expect(await davitd.engine.ok(["plugin", "inspect", "--format", format, "acme/v"])).toBe(
      "acme/v:latest false acme/v:latest",
    );
  });

  test("refuses a name that is taken", async () => {
    const { stderr, exitCode } = await davitd.engine.docker(["plugin", "create", "acme/v", davitd.plugin]);
    expect(stderr).toContain("Error response from daemon: plugin acme/v:latest already exists");
    expect(exitCode).toBe(1);
  });

  test("takes the same files under another name", async () => {
    expect(await davitd.engine.ok(["plugin", "create", "acme/v:again", davitd.plugin])).toBe("acme/v:again");
  });

  test("says which keys of config.json mean nothing", async () => {
    const config = JSON.stringify({ Entrypoint: ["/x"], Sokcet: "v.sock" });
    const answer = await create("acme/typo", await tarOf("typo", { "config.json": config, "rootfs/x": "" }));
    expect(answer.status).toBe(204);
    await davitd.engine.line(/config.json has keys that mean nothing.*Sokcet/);
    await davitd.engine.ok(["plugin", "rm", "acme/typo"]);
  });

  test("takes a compressed context", async () => {
    expect(await davitd.engine.ok(["plugin", "create", "--compress", "acme/gz", davitd.plugin])).toBe(
      "acme/gz",
    );
  });

  test("leaves nothing behind once the plugins are removed", async () => {
    await davitd.engine.ok(["plugin", "rm", "acme/v", "acme/v:again", "acme/gz"]);
    await expectNothingLeftAfterRestart(davitd.engine);
  });
});

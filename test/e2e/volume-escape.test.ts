import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxRootfs, volumePluginConfig, writeVolumePlugin } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const run = (...args: readonly string[]) => engine().docker(["run", "--rm", "--network", "none", ...args]);

/** A volume of which the plugin answers `path`, having put a link to `target` there. */
async function linked(name: string, path: string, target: string): Promise<string> {
  const options = ["--opt", `path=${path}`, "--opt", `link=${target}`];
  return engine().ok(["volume", "create", "--driver", "acme/sly", ...options, name]);
}

async function calls(volume: string): Promise<readonly string[]> {
  const id = await engine().ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/sly"]);
  const log = await readFile(join(engine().dataRoot, "plugins", id, "propagated-mount/calls.log"), "utf8");
  const found = log.matchAll(/^VolumeDriver\.(Mount|Unmount) \{"Name":"([^"]*)"/gm);
  return [...found].flatMap(([, method = "", name]) => (name === volume ? [method] : []));
}

beforeAll(async () => {
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const dir = await writeVolumePlugin(davitd.dir.join("sly"), {
    ...volumePluginConfig,
    Linux: { Capabilities: [], AllowAllDevices: false, Devices: [] },
  });
  await engine().ok(["plugin", "create", "acme/sly", dir]);
  await engine().ok(["plugin", "enable", "acme/sly"]);
});

test("a plugin whose volume is a link to / does not give the host's root", async () => {
  await linked("all", "/v", "/");
  const { stdout, stderr, exitCode } = await run("-v", "all:/x", "busybox", "ls", "/x");
  expect(stderr).toContain(
    'plugin acme/sly:latest answered the path "/v", which leads outside of its volumes',
  );
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 125 });
  // The driver did mount.
  const seen = await calls("all");
  expect(seen.filter((call) => call === "Unmount")).toHaveLength(seen.length / 2);
  expect(await engine().ok(["ps", "--all", "--quiet"])).toBe("");
});

test("a plugin whose volume is a link to a place of the host's gives its own place of that name, if it has one", async () => {
  const secret = davitd.dir.join("secret");
  await mkdir(secret);
  await writeFile(join(secret, "file"), "of the host");
  for (const [name, target] of [
    ["absolute", secret],
    ["relative", `../../../../../../../../../..${secret}`],
  ] as const) {
    await linked(name, `/${name}`, target);
    const { stdout, stderr } = await run("-v", `${name}:/x`, "busybox", "cat", "/x/file");
    expect(stderr).toContain(`answered the path "/${name}", where there is nothing`);
    expect(stdout).toBe("");
  }
});

test("a link into the propagated mount is followed", async () => {
  await engine().ok(["volume", "create", "--driver", "acme/sly", "real"]);
  await linked("alias", "/alias", "/data/volumes/real");
  await run("-v", "real:/x", "busybox", "sh", "-c", "echo hello > /x/file");
  expect(await run("-v", "alias:/x", "busybox", "cat", "/x/file")).toEqual({
    stdout: "hello\n",
    stderr: "",
    exitCode: 0,
  });
});

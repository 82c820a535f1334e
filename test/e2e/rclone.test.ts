import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  type DockerRegistry,
  mountsBelow,
  startDockerRegistry,
  writeRclonePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
let remote: string;
let backend: string;

beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  remote = `${registry.host}/rclone/docker-volume-rclone:1`;
  backend = davitd.dir.join("backend");
  await mkdir(backend);
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await davitd.engine.ok([
    "plugin",
    "create",
    remote,
    await writeRclonePlugin(davitd.dir.join("rclone"), backend),
  ]);
  await davitd.engine.ok(["plugin", "push", remote]);
  await davitd.engine.ok(["plugin", "rm", remote]);
});
afterAll(() => cleanup.disposeAsync());

const run = (...args: readonly string[]) => davitd.engine.ok(["run", "--rm", "--network", "none", ...args]);

test("rclone serve docker installs from a registry with the privileges that it asks for", async () => {
  const said = await davitd.engine.ok(["plugin", "install", "--alias", "rclone", remote], { input: "y\n" });
  expect(said).toContain(
    [
      ` - network: [host]`,
      ` - mount: [${backend}]`,
      ` - device: [/dev/fuse]`,
      ` - capabilities: [CAP_SYS_ADMIN]`,
    ].join("\n"),
  );
  expect(await davitd.engine.ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])).toBe(
    "rclone:latest true",
  );
});

test("a file that one container writes is read by the next and lies in rclone's directory", async () => {
  await davitd.engine.ok([
    "volume",
    "create",
    "-d",
    "rclone",
    "-o",
    "type=local",
    "-o",
    "path=/backend",
    "files",
  ]);
  await run("-v", "files:/data", "busybox", "sh", "-c", "echo ahoy > /data/file");
  expect(await run("-v", "files:/data", "busybox", "cat", "/data/file")).toBe("ahoy");
  expect(await readFile(join(backend, "file"), "utf8")).toBe("ahoy\n");
});

test("the mount that rclone makes is seen on the host, below the plugin's propagated mount", async () => {
  await writeFile(join(backend, "from-host"), "hello\n");
  const sleeping = ["run", "-d", "--network", "none", "-v", "files:/data", "busybox", "sleep", "600"];
  const container = await davitd.engine.ok(sleeping);
  const id = await davitd.engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "rclone"]);
  const propagated = join(davitd.engine.dataRoot, "plugins", id, "propagated-mount");
  expect(await mountsBelow(propagated)).toContain(join(propagated, "files"));
  expect(await readFile(join(propagated, "files/from-host"), "utf8")).toBe("hello\n");
  await davitd.engine.ok(["rm", "--force", container]);
});

test("everything of it can be removed", async () => {
  await davitd.engine.ok(["volume", "rm", "files"]);
  await davitd.engine.ok(["plugin", "disable", "rclone"]);
  await davitd.engine.ok(["plugin", "rm", "rclone"]);
  await davitd.engine.ok(["rmi", "busybox"]);
  await expectNothingLeftAfterRestart(davitd.engine);
});

import { mkdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { busyboxRootfs, mustRun, peerEnvironment } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

/** An image whose `/data` is a volume with owners, links and extended attributes in it; `/out` leads out of its root. */
async function importImage(): Promise<void> {
  const root = davitd.dir.join("rootfs");
  const env = peerEnvironment();
  await mkdir(join(root, "data/inner"), { recursive: true });
  await mustRun("tar", ["-C", root, "-xf", "-"], { env, input: await busyboxRootfs() });
  await writeFile(join(root, "data/file"), "of the image\n");
  await writeFile(join(root, "data/inner/deep"), "deep\n");
  await symlink("file", join(root, "data/link"));
  await symlink("/etc/hostname", join(root, "data/absolute"));
  // As a process inside would see it, this is the image's own /etc.
  await symlink("../../../../../../../../../etc", join(root, "out"));
  await writeFile(join(root, "etc/motto"), "of the image's /etc\n");
  await writeFile(join(root, "plain"), "no directory\n");
  await mustRun("chown", ["-h", "1234:4321", join(root, "data"), join(root, "data/file")], { env });
  await mustRun("chmod", ["0751", join(root, "data")], { env });
  const setColour = "import os, sys; os.setxattr(sys.argv[1], 'user.colour', b'green')";
  await mustRun("python3", ["-c", setColour, join(root, "data/file")], { env });
  const archive = davitd.dir.join("image.tar");
  await mustRun("tar", ["-C", root, "--xattrs", "--numeric-owner", "-cf", archive, "."], { env });
  await davitd.engine.ok(["import", "--change", "VOLUME /data", archive, "filled"]);
}

beforeAll(async () => {
  await importImage();
  await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
});

const run = (...args: readonly string[]) => davitd.engine.ok(["run", "--rm", "--network", "none", ...args]);

/** The plugin's calls that came after the first `before`, by their methods. */
async function calls(volume: string): Promise<readonly string[]> {
  const id = await davitd.engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/v"]);
  const log = await readFile(`${davitd.engine.dataRoot}/plugins/${id}/propagated-mount/calls.log`, "utf8");
  return log.split("\n").flatMap((line) => {
    const [, method] = /^VolumeDriver\.(\w+) \{"Name":"([^"]*)"/.exec(line) ?? [];
    return method !== undefined && line.includes(`"Name":"${volume}"`) ? [method] : [];
  });
}

describe("an empty volume", () => {
  test("gets what the image has at its place, with owners, modes, links and extended attributes", async () => {
    expect(await run("-v", "filled:/data", "filled", "sh", "-c", "cat /data/file /data/inner/deep")).toBe(
      "of the image\ndeep",
    );
    const mountpoint = await davitd.engine.ok(["volume", "inspect", "--format", "{{.Mountpoint}}", "filled"]);
    const top = await stat(mountpoint);
    expect([top.uid, top.gid, top.mode & 0o777]).toEqual([1234, 4321, 0o751]);
    expect(await readlink(join(mountpoint, "link"))).toBe("file");
    expect(await readlink(join(mountpoint, "absolute"))).toBe("/etc/hostname");
    const getColour = "import os, sys; print(os.getxattr(sys.argv[1], 'user.colour').decode())";
    const file = join(mountpoint, "file");
    expect(await mustRun("python3", ["-c", getColour, file], { env: peerEnvironment() })).toBe("green\n");
    expect(dirname(mountpoint)).toContain("/volumes/");
  });

  test("gets nothing with nocopy", async () => {
    expect(await run("-v", "bare:/data:nocopy", "filled", "ls", "-a", "/data")).toBe(".\n..");
    const mount = "type=volume,src=bare2,dst=/data,volume-nocopy";
    expect(await run("--mount", mount, "filled", "ls", "-a", "/data")).toBe(".\n..");
  });

  test("that the image declares gets it too, and goes with its container", async () => {
    expect(await run("filled", "ls", "/data")).toBe("absolute\nfile\ninner\nlink");
    expect(await davitd.engine.ok(["volume", "ls", "--quiet", "--filter", "dangling=true"])).not.toMatch(
      /^[0-9a-f]{64}$/m,
    );
  });

  test("is filled from within the image, wherever links lead", async () => {
    expect(await run("-v", "etc:/out", "filled", "ls", "/out")).toContain("motto");
    const mountpoint = await davitd.engine.ok(["volume", "inspect", "--format", "{{.Mountpoint}}", "etc"]);
    await expect(readFile(join(mountpoint, "motto"), "utf8")).resolves.toBe("of the image's /etc\n");
  });

  test("of a plugin is mounted for the copy and unmounted after it, before the container starts", async () => {
    await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "remote"]);
    const id = await davitd.engine.ok([
      "create",
      "--network",
      "none",
      "-v",
      "remote:/data",
      "filled",
      "cat",
      "/data/file",
    ]);
    expect((await calls("remote")).filter((name) => name.endsWith("ount"))).toEqual(["Mount", "Unmount"]);
    expect(await davitd.engine.ok(["start", "--attach", id])).toBe("of the image");
    await davitd.engine.ok(["rm", id]);
    expect((await calls("remote")).filter((name) => name.endsWith("ount"))).toEqual([
      "Mount",
      "Unmount",
      "Mount",
      "Unmount",
    ]);
  });

  test("of a plugin is not mounted where the image has nothing to copy", async () => {
    await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "untouched"]);
    await davitd.engine.ok([
      "create",
      "--name",
      "idle",
      "--network",
      "none",
      "-v",
      "untouched:/new",
      "filled",
      "true",
    ]);
    expect(await calls("untouched")).not.toContain("Mount");
    await davitd.engine.ok(["rm", "idle"]);
  });
});

test("a volume that holds something already is left as it is", async () => {
  await run("-v", "own:/elsewhere", "filled", "touch", "/elsewhere/mine");
  expect(await run("-v", "own:/data", "filled", "ls", "/data")).toBe("mine");
});

test("a container is not made, and holds nothing, when its volume cannot be filled", async () => {
  await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "--opt", "fail=Mount", "refusing"]);
  const { stderr, exitCode } = await davitd.engine.docker([
    "create",
    "--network",
    "none",
    "-v",
    "refusing:/data",
    "filled",
    "true",
  ]);
  expect(stderr).toContain("told to fail in Mount");
  expect(exitCode).toBe(1);
  expect(await davitd.engine.ok(["ps", "--all", "--quiet"])).toBe("");
  await davitd.engine.ok(["volume", "rm", "refusing"]);
});

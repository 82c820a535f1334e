import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { expect, onTestFinished, test } from "vitest";
import { packPath } from "./pack-directory.ts";
import { unpack } from "./unpack.ts";

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "dunp-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

type Entry = readonly [header: Parameters<ReturnType<typeof pack>["entry"]>[0], content?: string];

function archive(...entries: readonly Entry[]): Readable {
  const writer = pack();
  for (const [header, content] of entries) writer.entry(header, content ?? "");
  writer.finalize();
  return Readable.from(writer, { objectMode: false });
}

const into = (directory: string) => ({ directory, rename: (name: string) => name, owners: false });

test("what was packed is unpacked, with links and modes", async () => {
  const [from, to] = [await newDirectory(), await newDirectory()];
  await mkdir(join(from, "src/d"), { recursive: true });
  await writeFile(join(from, "src/d/tool"), "tool", { mode: 0o755 });
  await symlink("d/tool", join(from, "src/alias"));
  await unpack(packPath(join(from, "src"), "new"), into(to));
  expect(await readFile(join(to, "new/d/tool"), "utf8")).toBe("tool");
  expect((await lstat(join(to, "new/d/tool"))).mode & 0o777).toBe(0o755);
  expect(await readlink(join(to, "new/alias"))).toBe("d/tool");
});

test.each([
  ["..", [[{ name: "../out" }, "x"]]],
  ["a link of its own", [[{ name: "l", type: "symlink", linkname: ".." }], [{ name: "l/out" }, "x"]]],
  ["a hard link", [[{ name: "h", type: "link", linkname: "../../etc/passwd" }]]],
] satisfies [string, Entry[]][])("nothing leaves the directory by %s", async (_way, entries) => {
  const parent = await newDirectory();
  const directory = join(parent, "in");
  await mkdir(directory);
  await expect(unpack(archive(...entries), into(directory))).rejects.toThrow(/unpack .*: /);
  expect(await readdir(parent)).toEqual(["in"]);
});

test("a file takes a file's place, not a directory's", async () => {
  const directory = await newDirectory();
  await mkdir(join(directory, "d"));
  await writeFile(join(directory, "f"), "old");
  await unpack(archive([{ name: "f" }, "new"]), into(directory));
  expect(await readFile(join(directory, "f"), "utf8")).toBe("new");
  await expect(unpack(archive([{ name: "d" }, "x"]), into(directory))).rejects.toThrow(
    "cannot overwrite directory",
  );
});

test("devices stay where they are", async () => {
  const directory = await newDirectory();
  const device = { name: "null", type: "character-device", devmajor: 1, devminor: 3 } as const;
  await unpack(archive([device]), into(directory));
  expect(await readdir(directory)).toEqual([]);
});

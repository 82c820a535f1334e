import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import {
  daemonRoots,
  mustRun,
  peerEnvironment,
  repository,
  runCommand,
  TempDir,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startProgram } from "./start-program.ts";

let dir: TempDir;
let archive: string;

beforeAll(async () => {
  dir = await TempDir.create("pk");
  const built = await mustRun(`${repository}/node_modules/.bin/node`, [
    `${repository}/scripts/package.ts`,
    `--output=${dir.path}`,
  ]);
  archive = built.trim();
  await mustRun("dpkg-deb", ["-x", archive, dir.join("root")]);
  await mustRun("dpkg-deb", ["-e", archive, dir.join("control")]);
});
afterAll(() => dir[Symbol.asyncDispose]());

const field = async (name: string): Promise<string> =>
  (await mustRun("dpkg-deb", ["-f", archive, name])).trim();

test("the package says what it is and what it needs", async () => {
  expect(basename(archive)).toBe(`davit_${await field("Version")}_${await field("Architecture")}.deb`);
  expect((await field("Depends")).split(", ")).toEqual(
    expect.arrayContaining([
      "runc",
      "conmon",
      "libarchive-tools",
      "socat",
      "iproute2",
      "util-linux",
      "mount",
    ]),
  );
  expect(await field("Recommends")).toBe("iptables");
  expect(Number(await field("Installed-Size"))).toBeGreaterThan(50_000);
  expect(await readFile(dir.join("control/conffiles"), "utf8")).toBe("/etc/davit/daemon.json\n");
});

test("its files belong to root, and only programs may be run", async () => {
  const rows = (await mustRun("dpkg-deb", ["-c", archive])).trim().split("\n");
  const programs = rows.filter((row) => /^-..x/.test(row)).map((row) => row.split(" ").at(-1));
  expect(programs).toEqual(["./usr/bin/davit", "./usr/lib/davit/node", "./usr/sbin/davitd"]);
  for (const row of rows) expect(row).toMatch(/^[-d]rw[-x]r-[-x]r-[-x] root\/root /);
  expect((await stat(dir.join("root/etc/davit/daemon.json"))).mode & 0o777).toBe(0o644);
});

test.for(["postinst", "prerm", "postrm"])("its script %s is sound for a shell", async (script) => {
  expect(await runCommand("sh", ["-n", dir.join("control", script)])).toMatchObject({
    stderr: "",
    exitCode: 0,
  });
});

test("its units are sound for systemd", async () => {
  const units = ["davit.service", "davit.socket"].map((unit) => `/lib/systemd/system/${unit}`);
  const { stderr } = await runCommand("systemd-analyze", [
    "verify",
    "--man=no",
    `--root=${dir.join("root")}`,
    ...units,
  ]);
  // That the rest of the system is missing there is not their fault.
  expect(stderr).not.toMatch(/unknown|invalid|failed to parse/i);
});

test("what it installs runs a plugin from where it lies, without the checkout", async () => {
  const host = `unix://${dir.join("s")}`;
  const config = dir.join("root/etc/davit/daemon.json");
  await using daemon = startProgram(dir.join("root/usr/sbin/davitd"), [
    ...daemonRoots(dir.path),
    "--live-restore=false",
    "--config-file",
    config,
    "-H",
    host,
  ]);
  await daemon.line("completed initialization");
  const davit = (...args: readonly string[]) =>
    mustRun(dir.join("root/usr/bin/davit"), ["-H", host, ...args], {
      cwd: "/",
      env: { ...peerEnvironment(), HOME: dir.path },
    });
  await davit("plugin", "create", "acme/v", await writeVolumePlugin(dir.join("plugin")));
  await davit("plugin", "enable", "acme/v");
  await davit("volume", "create", "-d", "acme/v", "one");
  expect(await davit("volume", "ls", "-q")).toBe("one\n");
  expect(await daemon.stop()).toBe(0);
});

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxRootfs, findPeer, mountsBelow, peerEnvironment } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StartedProgram, startProgram } from "./start-program.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** The real `rclone serve docker`, run by nobody but this test. https://rclone.org/docker/ */
function startRclone(name: string, address: string): StartedProgram {
  const base = join(davitd.dir.path, name);
  const args = [
    "serve",
    "docker",
    `--base-dir=${base}/volumes`,
    `--socket-addr=${address}`,
    "--no-spec",
    "-v",
  ];
  return startProgram(findPeer("rclone"), args, {
    ...peerEnvironment(),
    HOME: base,
    RCLONE_CONFIG: join(base, "rclone.conf"),
    RCLONE_CACHE_DIR: join(base, "cache"),
    RCLONE_VFS_WRITE_BACK: "0s",
  });
}

/** How each form is made known to the engine. */
const forms = {
  async socket(name: string) {
    const program = startRclone(name, join(davitd.engine.pluginSocketDir, `${name}.sock`));
    await program.line("Serving unix socket");
    return program;
  },
  async tcp(name: string) {
    const program = startRclone(name, "127.0.0.1:0");
    const line = await program.line("Serving TCP socket");
    const address = /(127\.0\.0\.1:\d+)/.exec(line)?.[1] ?? line;
    await writeFile(join(davitd.engine.pluginSpecDir, `${name}.spec`), `tcp://${address}`);
    return program;
  },
} as const;

describe.each(["socket", "tcp"] as const)("rclone on a %s that the engine does not manage", (form) => {
  const name = `rclone-${form}`;
  let program: StartedProgram;
  let backend: string;

  beforeAll(async () => {
    backend = davitd.dir.join(name, "backend");
    await mkdir(backend, { recursive: true });
    program = await forms[form](name);
  });
  afterAll(() => program[Symbol.asyncDispose]());

  test("makes volumes that containers use, and removes them", async () => {
    const { engine } = davitd;
    const options = ["-o", "type=local", "-o", `path=${backend}`];
    expect(await engine.ok(["volume", "create", "-d", name, ...options, name])).toBe(name);
    const run = ["run", "--rm", "--network", "none", "-v", `${name}:/data`, "busybox"];
    await engine.ok([...run, "sh", "-c", "echo ahoy > /data/file"]);
    expect(await readFile(join(backend, "file"), "utf8")).toBe("ahoy\n");
    expect(await engine.ok([...run, "cat", "/data/file"])).toBe("ahoy");
    const started = await engine.ok(["run", "-d", ...run.slice(2), "sleep", "600"]);
    const volumes = davitd.dir.join(name, "volumes");
    expect(await mountsBelow(volumes)).toEqual([join(volumes, name)]);
    expect(await engine.ok(["volume", "inspect", "--format", "{{.Driver}} {{.Mountpoint}}", name])).toBe(
      `${name} ${join(volumes, name)}`,
    );
    await engine.ok(["rm", "--force", started]);
    expect(await mountsBelow(volumes)).toEqual([]);
    expect(await engine.ok(["volume", "rm", name])).toBe(name);
    expect(await engine.ok(["volume", "ls", "--quiet"])).toBe("");
  });
});

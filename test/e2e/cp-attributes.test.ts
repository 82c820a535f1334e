import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { busyboxRootfs, mustRun } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

const isDockerd = process.env["DAVIT_E2E"] === "dockerd";
/** `cap_net_raw=ep`. */
const capability = "0100000200200000000000000000000000000000";
const python = (script: string, ...args: readonly string[]) =>
  mustRun("python3", ["-c", `import os, sys; ${script}`, ...args]);
const setCapability = (path: string) =>
  python("os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2]))", path, capability);
const capabilityOf = async (path: string) =>
  (await python("print(os.getxattr(sys.argv[1], 'security.capability').hex())", path)).trim();
const run = (name: string, ...options: readonly string[]) =>
  davitd.engine.ok([
    "run",
    "--detach",
    "--name",
    name,
    "--network",
    "none",
    "--stop-signal",
    "KILL",
    ...options,
    "busybox",
    "sleep",
    "600",
  ]);

test.each(["running", "stopped"])(
  "a %s container is given files with their capabilities, and gives them back",
  async (state) => {
    const path = davitd.dir.join(`program-${state}`);
    await writeFile(path, "program", { mode: 0o755 });
    await setCapability(path);
    if (state === "running") await run(state);
    else await davitd.engine.ok(["create", "--name", state, "busybox", "true"]);
    await davitd.engine.ok(["cp", path, `${state}:/program`]);
    await davitd.engine.ok(["cp", `${state}:/program`, `${path}-back`]);
    expect(await readFile(`${path}-back`, "utf8")).toBe("program");
    expect(await capabilityOf(`${path}-back`)).toBe(capability);
    await davitd.engine.ok(["export", "--output", `${path}.tar`, state]);
    const listed = await python(
      "import tarfile; print(tarfile.open(sys.argv[1]).getmember('program').pax_headers.keys())",
      `${path}.tar`,
    );
    expect(listed).toContain("SCHILY.xattr.security.capability");
    await davitd.engine.ok(["rm", "--force", state]);
  },
);

test.skipIf(isDockerd)(
  "what was mounted into a running container is copied, whatever is in its source's place by now",
  async () => {
    const [shared, secret] = [davitd.dir.join("shared"), davitd.dir.join("secret")];
    await mkdir(`${shared}/part`, { recursive: true });
    await mkdir(secret);
    await writeFile(`${shared}/part/file`, "mine");
    await writeFile(`${secret}/file`, "the host's");
    await run("bound", "--volume", `${shared}/part:/x`);
    await rename(`${shared}/part`, `${shared}/moved`);
    await symlink(secret, `${shared}/part`);
    await davitd.engine.ok(["cp", "bound:/x/file", `${shared}/copied`]);
    expect(await readFile(`${shared}/copied`, "utf8")).toBe("mine");
    await davitd.engine.ok(["cp", `${shared}/copied`, "bound:/x/new"]);
    expect(await readFile(`${shared}/moved/new`, "utf8")).toBe("mine");
    await expect(readFile(`${secret}/new`)).rejects.toMatchObject({ code: "ENOENT" });
    await davitd.engine.ok(["rm", "--force", "bound"]);
    await rm(`${shared}/part`);
  },
);

test.skipIf(isDockerd)(
  "a part of a volume that has become a link is not followed, running or not",
  async () => {
    await davitd.engine.ok(["volume", "create", "parts"]);
    await davitd.engine.ok([
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      "parts:/v",
      "busybox",
      "sh",
      "-c",
      "mkdir /v/a; echo mine > /v/a/file",
    ]);
    const mount = "type=volume,src=parts,dst=/x,volume-subpath=a";
    await run("part", "--mount", mount);
    await davitd.engine.ok([
      "create",
      "--name",
      "later",
      "--network",
      "none",
      "--mount",
      mount,
      "busybox",
      "true",
    ]);
    const secret = davitd.dir.join("other");
    await mkdir(secret);
    await writeFile(`${secret}/file`, "the host's");
    const swap = `mv /v/a /v/b; ln -s ${secret} /v/a`;
    await davitd.engine.ok([
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      "parts:/v",
      "busybox",
      "sh",
      "-c",
      swap,
    ]);
    const copied = davitd.dir.join("copied");
    await davitd.engine.ok(["cp", "part:/x/file", copied]);
    expect(await readFile(copied, "utf8")).toBe("mine\n");
    const { stderr, exitCode } = await davitd.engine.docker(["cp", "later:/x/file", copied]);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/cannot access path|no such file/)]);
    await davitd.engine.ok(["rm", "--force", "part", "later"]);
  },
);

test("access lists, which mean something on their machine only, are not copied either way", async () => {
  // Version 2: the owner, user 12345, the group, the mask, others.
  const list = "0200000001000600ffffffff020004003930000004000400ffffffff10000400ffffffff20000400ffffffff";
  const setList = "os.setxattr(sys.argv[1], 'system.posix_acl_access', bytes.fromhex(sys.argv[2]))";
  const names = (path: string) => python("print(os.listxattr(sys.argv[1]))", path);
  const path = davitd.dir.join("listed");
  await writeFile(path, "text");
  await python(setList, path, list);
  await run("shared", "--volume", `${davitd.dir.path}:/host`);
  await davitd.engine.ok(["cp", "shared:/host/listed", `${path}-out`]);
  const tar = await davitd.engine.request("GET", "/containers/shared/archive?path=/host/listed");
  expect(tar.body).not.toContain("posix_acl");
  await davitd.engine.ok(["cp", path, "shared:/host/listed-in"]);
  expect(await names(path)).toContain("posix_acl_access");
  expect(await Promise.all([names(`${path}-out`), names(`${path}-in`)])).toEqual(["[]\n", "[]\n"]);
  await davitd.engine.ok(["rm", "--force", "shared"]);
});

import { access } from "node:fs/promises";
import { busyboxRootfs, repository, runCommand } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const seen = () => engine().ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"]);
const read = () =>
  engine().ok(["run", "--rm", "--network", "none", "-v", "one:/data", "busybox", "cat", "/data/file"]);

beforeAll(async () => {
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine().ok(["plugin", "create", "acme/v", davitd.plugin]);
  await engine().ok(["plugin", "create", "acme/off", davitd.plugin]);
  await engine().ok(["plugin", "enable", "acme/v"]);
  await engine().ok(["volume", "create", "--driver", "acme/v", "--label", "a=b", "--opt", "c=d", "one"]);
  await engine().ok(["volume", "create", "plain"]);
  const write = ["sh", "-c", "echo kept > /data/file"];
  await engine().ok(["run", "--rm", "--network", "none", "-v", "one:/data", "busybox", ...write]);
});

const everything = async () => ({
  plugins: await seen(),
  volumes: await engine().ok(["volume", "ls", "--format", "{{.Name}} {{.Driver}} {{.Labels}}"]),
  content: await read(),
});

describe("a daemon", () => {
  test("that is asked to stop exits with code 0, and its successor brings everything back", async () => {
    const before = await everything();
    expect(before).toEqual({
      plugins: "acme/off:latest false\nacme/v:latest true",
      volumes: "one acme/v:latest a=b\nplain local ",
      content: "kept",
    });
    expect(await engine().stop()).toBe(0);
    await engine().start();
    expect(await everything()).toEqual(before);
  });

  test("that is killed takes no plugin with it, and its successor adopts them", async () => {
    const before = await everything();
    await engine().kill();
    await engine().start();
    expect(await everything()).toEqual(before);
  });

  test("refuses a data root that another daemon uses", async () => {
    const { stderr, exitCode } = await runCommand(
      `${repository}/bin/davitd`,
      [
        `--host=unix://${engine().dir}/other.sock`,
        `--data-root=${engine().dataRoot}`,
        `--exec-root=${engine().dir}/other`,
      ],
      { env: engine().environment() },
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain(engine().dataRoot);
    await expect(access(`${engine().dir}/other.sock`)).rejects.toThrow("ENOENT");
    expect(await seen()).toContain("acme/v:latest true");
  });

  test("says in /_ping, /version and /info who it is", async () => {
    expect((await engine().request("GET", "/_ping")).body).toBe("OK");
    expect(await engine().ok(["version", "--format", "{{.Server.APIVersion}}"])).toMatch(/^1\.\d+$/);
    expect(await engine().ok(["info", "--format", "{{json .Plugins.Volume}}"])).toContain('"local"');
  });
});

describe("bin/davitd and bin/davit", () => {
  test.for(["davitd", "davit"])("%s runs from any directory and through a link", async (program) => {
    const link = davitd.dir.join(program);
    await runCommand("ln", ["-s", `${repository}/bin/${program}`, link]);
    const { stdout, exitCode } = await runCommand(link, ["--version"], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
    });
    expect(stdout).toMatch(/\d+\.\d+\.\d+/);
    expect(exitCode).toBe(0);
  });

  test("davitd refuses a flag that nobody knows", async () => {
    const { stderr, exitCode } = await runCommand(`${repository}/bin/davitd`, ["--nonsense"]);
    expect(stderr).toContain("--nonsense");
    expect(exitCode).toBe(1);
  });
});

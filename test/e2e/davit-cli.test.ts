import { join } from "node:path";
import {
  busyboxRootfs,
  type CommandOptions,
  type CommandResult,
  type DockerRegistry,
  repository,
  runCommand,
  startDockerRegistry,
  volumePluginConfig,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dockerClientIsOlderThan } from "./docker-client.ts";
import { expectNothingLeft } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const daemon = useDavitd();
const engine = () => daemon.engine;
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
let [first, second] = ["", ""];

beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  [first, second] = [`${registry.host}/acme/v:1`, `${registry.host}/acme/v:2`];
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => cleanup.disposeAsync());

/** Runs `bin/davit` against the daemon. */
const davit = (args: readonly string[], { env, ...options }: CommandOptions = {}): Promise<CommandResult> =>
  runCommand(join(repository, "bin/davit"), args, { ...options, env: { ...engine().environment(), ...env } });

/** The same, meant to succeed without a word on standard error; answers its standard output. */
async function ok(args: readonly string[], options?: CommandOptions): Promise<string> {
  const { stdout, stderr, exitCode } = await davit(args, options);
  expect({ args, stderr, exitCode }).toEqual({ args, stderr: "", exitCode: 0 });
  return stdout;
}

async function refused(args: readonly string[], options?: CommandOptions): Promise<string> {
  const { stderr, exitCode } = await davit(args, options);
  expect({ args, exitCode }).toEqual({ args, exitCode: 1 });
  return stderr;
}

describe("davit plugin", () => {
  test("creates and pushes", async () => {
    const newer = await writeVolumePlugin(
      daemon.dir.join("newer"),
      {
        ...volumePluginConfig,
        Linux: { ...volumePluginConfig.Linux, Capabilities: ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"] },
      },
      "newer",
    );
    for (const [name, dir] of [
      [first, daemon.plugin],
      [second, newer],
    ] as const) {
      expect(await ok(["plugin", "create", name, dir])).toBe(`${name}\n`);
      const said = await ok(["plugin", "push", name]);
      expect(said).toContain(`The push refers to repository [${registry.host}/acme/v]\n`);
      expect(said).toMatch(/^[0-9a-f]{12}: Upload complete$/m);
      expect(await ok(["plugin", "rm", name])).toBe(`${name}\n`);
    }
  });

  test("installs nothing when the privileges are declined", async () => {
    const { stdout, stderr, exitCode } = await davit(["plugin", "install", first], { input: "n\n" });
    expect(stdout).toBe(
      `Plugin "${first}" is requesting the following privileges:\n - capabilities: [CAP_SYS_ADMIN]\nDo you grant the above permissions? [y/N] `,
    );
    expect(stderr).toContain(`permission denied while installing plugin ${first}`);
    expect(exitCode).toBe(1);
    expect(await ok(["plugin", "ls", "--quiet"])).toBe("");
  });

  test("installs and enables when they are granted", async () => {
    const said = await ok(["plugin", "install", first], { input: "y\n" });
    expect(said).toContain(`1: Pulling from ${registry.host}/acme/v\n`);
    expect(said).toMatch(new RegExp(`Installed plugin ${first}\n$`));
    expect(await ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])).toBe(`${first} true\n`);
  });

  test("installs under another name, with settings, disabled, all permissions granted", async () => {
    const options = ["--grant-all-permissions", "--alias", "acme/mine", "--disable"];
    const said = await ok(["plugin", "install", ...options, first, "BEHAVIOUR=slow:0"]);
    expect(said).not.toContain("privileges");
    const format = "{{.Name}} {{.Enabled}} {{json .Settings.Env}}";
    expect(await ok(["plugin", "inspect", "--format", format, "acme/mine"])).toBe(
      'acme/mine:latest false ["BEHAVIOUR=slow:0","ROOT=/data"]\n',
    );
  });

  test("sets, enables, disables", async () => {
    expect(await ok(["plugin", "set", "acme/mine", "BEHAVIOUR=serve"])).toBe("");
    expect(await ok(["plugin", "enable", "acme/mine"])).toBe("acme/mine\n");
    expect(await refused(["plugin", "set", "acme/mine", "BEHAVIOUR=serve"])).toContain(
      "cannot set on an active plugin, disable plugin before setting",
    );
    expect(await ok(["plugin", "disable", "acme/mine"])).toBe("acme/mine\n");
  });

  test("upgrades after asking for what is new, and takes no for an answer", async () => {
    const upgrade = ["plugin", "upgrade", "--skip-remote-check", "acme/mine", second];
    expect(await refused(upgrade, { input: "n\n" })).toContain(
      `permission denied while installing plugin ${second}`,
    );
    const said = await ok(upgrade, { input: "y\n" });
    expect(said).toContain("CAP_NET_ADMIN");
    expect(said).toContain(`Upgraded plugin acme/mine to ${second}\n`);
    const format = ["--format", "{{.PluginReference}}"];
    expect(await ok(["plugin", "inspect", ...format, "acme/mine"])).toBe(`${second}\n`);
    expect(await ok(["plugin", "rm", "acme/mine"])).toBe("acme/mine\n");
  });
});

describe("davit volume", () => {
  test("creates, lists, shows, removes and prunes", async () => {
    expect(await ok(["volume", "create", "--driver", first, "--opt", "a=b", "--label", "c=d", "data"])).toBe(
      "data\n",
    );
    const anonymous = await ok(["volume", "create"]);
    expect(anonymous).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await ok(["volume", "ls", "--filter", "label=c", "--format", "{{.Name}} {{.Driver}}"])).toBe(
      `data ${first}\n`,
    );
    expect(await ok(["volume", "inspect", "--format", "{{json .Options}}", "data"])).toBe('{"a":"b"}\n');
    const pruned = await ok(["volume", "prune"], { input: "y\n" });
    expect(pruned).toContain(`Deleted Volumes:\n${anonymous}\nTotal reclaimed space: `);
    expect(await ok(["volume", "ls", "--quiet"])).toBe("data\n");
  });
});

describe("davit run", () => {
  test("passes input, output and the exit code", async () => {
    const script = "cat /data/file; cat; echo oops >&2; exit 7";
    const options = ["--rm", "--network", "none", "--volume", "data:/data"];
    await ok(["run", ...options, "busybox", "sh", "-c", "echo kept > /data/file"]);
    expect(await davit(["run", "-i", ...options, "busybox", "sh", "-c", script], { input: "typed" })).toEqual(
      {
        stdout: "kept\ntyped",
        stderr: "oops\n",
        exitCode: 7,
      },
    );
  });

  test("--detach prints the ID; ps, logs, stop and rm know it", async () => {
    const script = "trap 'exit 3' TERM; echo started; while :; do sleep 1 & wait $!; done";
    const run = ["run", "--detach", "--name", "keeper", "--network", "none", "busybox", "sh", "-c", script];
    const id = await ok(run);
    expect(id).toMatch(/^[0-9a-f]{64}\n$/);
    const follow = davit(["logs", "--follow", "keeper"]);
    expect(await ok(["ps", "--format", "{{.Names}} {{.Image}} {{.State}}"])).toBe("keeper busybox running\n");
    expect(await ok(["stop", "keeper"])).toBe("keeper\n");
    expect(await follow).toEqual({ stdout: "started\n", stderr: "", exitCode: 0 });
    expect(await ok(["logs", "keeper"])).toBe("started\n");
    expect(await ok(["rm", "keeper"])).toBe("keeper\n");
  });
});

test("davit info and davit version name the engine", async () => {
  expect(await ok(["info"])).toMatch(/^ +Volume: .*\blocal\b/m);
  expect(await ok(["version"])).toMatch(/Server:[^]*Davit/);
});

describe.skipIf(dockerClientIsOlderThan(28))("davit prints and answers what docker does", () => {
  // Where a command changes something, each CLI does it to its own: {own} has as many letters in both.
  beforeAll(async () => {
    for (const own of ["zig", "zag"]) {
      await engine().ok(["plugin", "install", "--grant-all-permissions", "--alias", `acme/${own}`, first]);
      await engine().ok(["volume", "create", "--driver", `acme/${own}`, "--label", "a=b", `vol-${own}`]);
    }
    await engine().docker([
      "run",
      "--name",
      "ended",
      "--network",
      "none",
      "busybox",
      "sh",
      "-c",
      "echo one; echo two >&2; exit 4",
    ]);
  });

  afterAll(() => ok(["rm", "--force", "ended"]));

  const blank = (text: string): string =>
    text
      .replaceAll(/\b(?:docker|davit)(?=[: ])/g, "{program}")
      // What docker logs of its own when the daemon refuses before it has taken everything.
      .replaceAll(/^time="[^"]*" level=error msg="Can't (?:add file|close tar writer).*\n/gm, "")
      // Nothing is built here.
      .replaceAll(/^ {2}- (?:unused|all) build cache\n/gm, "")
      // Versions of docker differ in how they point to their help.
      .replaceAll(/^(?:See|Run) (?=')/gm, "Run ")
      .replaceAll(/\b(?:zig|zag)\b/g, "own")
      .replaceAll(/\b[0-9a-f]{64}\b/g, "{id}")
      .replaceAll(/\b[0-9a-f]{12}\b/g, "{short-id}")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "{time}")
      .replaceAll(/(?:About an? \w+|Less than a second|\d+ \w+) ago/g, "{time} ago");

  test.for([
    "plugin ls",
    "plugin ls --no-trunc",
    "plugin ls --quiet",
    "plugin ls --filter enabled=maybe",
    "plugin ls --filter capability=networkdriver",
    "plugin ls --format {{.ID}}:{{.Name}}:{{.Description}}:{{.Enabled}}:{{.PluginReference}}",
    "plugin ls --format json",
    "plugin inspect acme/own",
    "plugin inspect --format {{json\u00a0.Settings}} acme/own",
    "plugin inspect --format {{.Name}} acme/own nosuch",
    "plugin enable acme/own",
    "plugin enable nosuch",
    "plugin disable acme/own",
    "plugin disable --force acme/own",
    "plugin set acme/own NOPE=1",
    "plugin set acme/own BEHAVIOUR=slow:0",
    "plugin enable --timeout -1 acme/own",
    "plugin enable --timeout 20 acme/own",
    "plugin rm acme/own",
    "plugin rm nosuch",
    "plugin create Acme/V {plugin}",
    "plugin create acme/new-own {plugin}",
    "plugin create acme/new-own {plugin}",
    "plugin create acme/x /nosuch",
    "plugin push nosuch",
    "plugin install --grant-all-permissions {registry}/acme/nosuch",
    "plugin install --grant-all-permissions {first}",
    "plugin upgrade acme/own",
    "plugin nosuch",
    "plugin inspect",
    "volume ls",
    "volume ls --quiet --filter name=vol",
    "volume ls --filter nonsense=1",
    "volume ls --format json",
    "volume inspect vol-own",
    "volume inspect nosuch",
    "volume create --driver nosuch/driver x",
    "volume create local-own",
    "volume create --opt bogus=1 wrong",
    "volume rm local-own nosuch",
    "volume rm --force nosuch",
    "ps --all --no-trunc --format {{.ID}}:{{.Image}}:{{.Command}}:{{.Names}}:{{.State}}",
    "ps --all",
    "ps --quiet",
    "logs ended",
    "logs --tail 1 ended",
    "logs nosuch",
    "run --rm --network none busybox sh -c exit\u00a05",
    "run --rm --network none busybox nosuchprogram",
    "run --rm --network none 127.0.0.1:1/nosuch true",
    "run --rm --network none --nonsense busybox true",
    "run",
    "rm nosuch",
    "stop nosuch",
    "plugin rm --force acme/own acme/new-own",
    "volume inspect vol-own",
    "volume rm vol-own",
    "volume prune --force",
    "system prune --force --filter label=nosuch",
    "system prune --volumes --filter until=1h",
    "system prune",
    "system prune --all --volumes --filter label=b --filter label=a",
    "container stop",
    "container list -x",
    "image rm",
    "stop -x",
    "volume prune --force --filter nonsense=1",
    "volume inspect --format {{ data",
    "volume create a",
    "volume create --label",
    "inspect nosuch",
    "inspect --format {{.State.ExitCode}}:{{.Config.Image}} ended",
    "ps --all --filter name=end --filter status=exited --quiet --no-trunc",
    "ps --filter status=nonsense",
    "ps --nonsense",
    "logs --since nonsense ended",
    "info --format {{json\u00a0.Plugins.Volume}}",
    "info --format {{.Driver}}:{{.OSType}}:{{.LiveRestoreEnabled}}",
    "plugin install",
    "plugin install --alias Bad --grant-all-permissions {first}",
    "plugin install not:a:reference",
    "plugin upgrade nosuch",
    "plugin set nosuch",
    "plugin enable --timeout x acme/own",
    "run --rm --network none --volume data:/data:nonsense busybox true",
    "run --rm --network none --volume x:relative busybox true",
    "run --rm --network none --mount type=nonsense busybox true",
    "run --rm --network none -e A=b -w /tmp -u 7:8 busybox sh -c echo\u00a0$A\u00a0$PWD\u00a0$(id\u00a0-u)",
    "rm ended-own",
  ])("%s", async (typed) => {
    const run = async (own: string, program: typeof davit): Promise<CommandResult> => {
      const args = typed
        .replaceAll("own", own)
        .replaceAll("{plugin}", daemon.plugin)
        .replaceAll("{registry}", registry.host)
        .replaceAll("{first}", first)
        .split(" ")
        .map((word) => word.replaceAll("\u00a0", " "));
      const { stdout, stderr, exitCode } = await program(args);
      return { stdout: blank(stdout), stderr: blank(stderr), exitCode };
    };
    const byDocker = await run("zag", (args) => engine().docker(args));
    expect(await run("zig", davit)).toEqual(byDocker);
  });
});

test("nothing is left of what davit made", async () => {
  const volumes = (await davit(["volume", "ls", "--quiet"])).stdout.trim().split("\n");
  await davit(["volume", "rm", "--force", ...volumes]);
  await ok(["plugin", "rm", "--force", first]);
  await expectNothingLeft(engine());
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxRootfs, findPeer, freezePlugin, mountsBelow } from "@davit/testkit";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { dockerClientIsOlderThan } from "./docker-client.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const volume = (...args: readonly string[]) => engine().docker(["volume", ...args]);
const names = async (...filters: readonly string[]) =>
  (await engine().ok(["volume", "ls", "--quiet", ...filters.flatMap((filter) => ["--filter", filter])]))
    .split("\n")
    .filter(Boolean);
const refusal = async (...args: readonly string[]): Promise<string> => {
  const { stderr, exitCode } = await volume(...args);
  expect(exitCode).toBe(1);
  return stderr.replace("Error response from daemon: ", "").trimEnd();
};
const detached = (...args: readonly string[]) =>
  engine().ok(["run", "--detach", "--network", "none", ...args, "busybox", "sleep", "600"]);

async function setBehaviour(behaviour: string): Promise<void> {
  await engine().ok(["plugin", "disable", "--force", "acme/v"]);
  await engine().ok(["plugin", "set", "acme/v", `BEHAVIOUR=${behaviour}`]);
  await engine().ok(["plugin", "enable", "acme/v"]);
}

beforeAll(async () => {
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  for (const name of ["acme/v", "acme/w"]) {
    await engine().ok(["plugin", "create", name, davitd.plugin]);
    await engine().ok(["plugin", "enable", name]);
  }
});
afterEach(async () => {
  const containers = await engine().ok(["ps", "--all", "--quiet"]);
  if (containers !== "") await engine().ok(["rm", "--force", ...containers.split("\n")]);
  const left = await names();
  if (left.length > 0) await engine().ok(["volume", "rm", "--force", ...left]);
  const mounts = await mountsBelow(join(engine().dataRoot, "volumes"));
  if (mounts.length > 0) throw new Error(`still mounted: ${mounts.join(" ")}`);
});

describe("the local driver", () => {
  test.for(["a", "with space", "../up", ".hidden", "-dash", "a/b", "x".repeat(256)])(
    "refuses the name %j",
    async (name) => {
      const { status, body } = await engine().request("POST", "/volumes/create", { body: { Name: name } });
      expect(body).toMatch(/volume name is too (short|long)|invalid characters for a local volume name/);
      expect(status).toBe(400);
      expect(await names()).toEqual([]);
    },
  );

  test.for([
    [["bogus=1"], 'create wrong: invalid option: "bogus"'],
    [["type=tmpfs"], 'create wrong: missing required option: "device"'],
    [["device=/tmp"], 'create wrong: missing required option: "type"'],
    [["o=bind"], 'create wrong: missing required option: "device"'],
  ] as const)("refuses the options %j", async ([options, message]) => {
    const flags = options.flatMap((option) => ["--opt", option]);
    expect(await refusal("create", ...flags, "wrong")).toBe(message);
    expect(await names()).toEqual([]);
  });

  test("mounts a tmpfs while containers use it, once, and not after the last", async () => {
    const options = ["type=tmpfs", "device=tmpfs", "o=size=1m,mode=1750"].flatMap((option) => [
      "--opt",
      option,
    ]);
    await engine().ok(["volume", "create", ...options, "memory"]);
    const point = await engine().ok(["volume", "inspect", "--format", "{{.Mountpoint}}", "memory"]);
    const mounts = () => mountsBelow(join(engine().dataRoot, "volumes"));
    expect(await mounts()).toEqual([]);
    const first = await detached("--volume", "memory:/m");
    const second = await detached("--volume", "memory:/m");
    expect(await mounts()).toEqual([point]);
    expect(await readFile("/proc/self/mountinfo", "utf8")).toMatch(
      new RegExp(`${point} .* tmpfs .*size=1024k`),
    );
    await engine().ok(["rm", "--force", first]);
    expect(await mounts()).toEqual([point]);
    await engine().ok(["rm", "--force", second]);
    expect(await mounts()).toEqual([]);
  });

  test("says why a container does not start when its file system cannot be mounted", async () => {
    const options = ["type=nosuchfs", "device=/nowhere"].flatMap((option) => ["--opt", option]);
    await engine().ok(["volume", "create", ...options, "wrong"]);
    const args = ["run", "--rm", "--network", "none", "-v", "wrong:/m", "busybox", "true"];
    const { stderr, exitCode } = await engine().docker(args);
    expect(stderr).toContain("failed to mount local volume: mount /nowhere:");
    expect(exitCode).toBe(125);
    expect(await engine().ok(["ps", "--all", "--quiet"])).toBe("");
  });
});

describe("volume ls", () => {
  test("filters by use, driver, label and name", async () => {
    await engine().ok(["volume", "create", "--label", "color=red", "--label", "big", "one"]);
    await engine().ok(["volume", "create", "--label", "color=blue", "other"]);
    await engine().ok(["volume", "create", "--driver", "acme/v", "remote"]);
    await detached("--volume", "one:/x");
    expect(await names()).toEqual(["one", "other", "remote"]);
    expect(await names("dangling=true")).toEqual(["other", "remote"]);
    expect(await names("dangling=false")).toEqual(["one"]);
    expect(await names("driver=local")).toEqual(["one", "other"]);
    expect(await names("driver=acme/v:latest")).toEqual(["remote"]);
    expect(await names("driver=local", "driver=acme/v:latest")).toEqual(["one", "other", "remote"]);
    expect(await names("label=color")).toEqual(["one", "other"]);
    expect(await names("label=color=red")).toEqual(["one"]);
    expect(await names("label=color", "label=big")).toEqual(["one"]);
    expect(await names("name=o")).toEqual(["one", "other", "remote"]);
    expect(await names("name=^o")).toEqual(["one", "other"]);
    expect(await names("name=nosuch")).toEqual([]);
    expect(await refusal("ls", "--filter", "nonsense=1")).toContain("invalid filter 'nonsense'");
  });

  test("warns of a plugin that cannot list, and shows everybody else's and its recorded ones", async () => {
    await engine().ok(["volume", "create", "plain"]);
    for (const name of ["v", "w"])
      await engine().ok(["volume", "create", "--driver", `acme/${name}`, `of-${name}`]);
    await setBehaviour("error");
    const { body } = await engine().request("GET", "/volumes");
    const answer: unknown = JSON.parse(body);
    expect(answer).toMatchObject({
      Volumes: [{ Name: "of-v" }, { Name: "of-w" }, { Name: "plain" }],
      Warnings: [expect.stringContaining("list acme/v:latest: ")],
    });
    await setBehaviour("serve");
  });

  test("waits for a plugin that hangs no longer than its bound, and nothing else waits for it", async () => {
    await engine().ok(["volume", "create", "plain"]);
    await engine().ok(["volume", "create", "--driver", "acme/v", "stuck"]);
    await using _frozen = await freezePlugin(engine(), "acme/v");
    const began = performance.now();
    const listing = engine().request("GET", "/volumes");
    const others = [
      ["plugin", "ls"],
      ["volume", "create", "--driver", "local", "quick"],
      ["volume", "rm", "quick"],
      ["volume", "inspect", "plain"],
    ];
    for (const args of others) await engine().ok(args);
    const othersMs = performance.now() - began;
    const answer: unknown = JSON.parse((await listing).body);
    const listMs = performance.now() - began;
    expect(answer).toMatchObject({
      Volumes: [{ Name: "plain" }, { Name: "stuck" }],
      Warnings: ["list acme/v:latest: no answer within 5 s"],
    });
    expect(othersMs).toBeLessThan(4000);
    expect(listMs).toBeGreaterThan(4500);
    expect(listMs).toBeLessThan(8000);
  });
});

describe("volume prune", () => {
  const create = async (): Promise<string> => {
    await engine().ok(["volume", "create", "named"]);
    await engine().ok(["volume", "create", "--label", "keep", "labelled"]);
    await engine().ok(["volume", "create", "--driver", "acme/v", "remote"]);
    await engine().ok(["volume", "create", "used"]);
    await detached("--volume", "used:/x");
    return engine().ok(["volume", "create"]);
  };

  // Older ones ask for the API in which named volumes are taken too.
  test.skipIf(dockerClientIsOlderThan(23))(
    "takes unused anonymous volumes only, and with --all the named ones of the local driver",
    async () => {
      const anonymous = await create();
      expect(await engine().ok(["volume", "prune", "--force"])).toContain(`Deleted Volumes:\n${anonymous}\n`);
      expect(await names()).toEqual(["labelled", "named", "remote", "used"]);
      await engine().ok(["volume", "prune", "--force", "--all", "--filter", "label!=keep"]);
      expect(await names()).toEqual(["labelled", "remote", "used"]);
      await engine().ok(["volume", "prune", "--force", "--all", "--filter", "label=keep"]);
      expect(await names()).toEqual(["remote", "used"]);
    },
  );

  test("takes named ones too before API 1.42", async () => {
    const anonymous = await create();
    const { body } = await engine().request("POST", "/v1.41/volumes/prune");
    const answer: unknown = JSON.parse(body);
    expect(answer).toMatchObject({ VolumesDeleted: [anonymous, "labelled", "named"].toSorted() });
    expect(await names()).toEqual(["remote", "used"]);
  });
});

describe("a container's volumes", () => {
  test("without a name go with a container of run --rm; named ones stay", async () => {
    await engine().ok([
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      "/anonymous",
      "-v",
      "named:/x",
      "busybox",
      "true",
    ]);
    expect(await names()).toEqual(["named"]);
  });

  test("without a name go with rm --volumes only", async () => {
    const run = ["run", "--network", "none", "-v", "/anonymous", "--name"];
    for (const name of ["kept", "gone"]) await engine().ok([...run, name, "busybox", "true"]);
    expect(await names()).toHaveLength(2);
    await engine().ok(["rm", "kept"]);
    expect(await names()).toHaveLength(2);
    await engine().ok(["rm", "--volumes", "gone"]);
    expect(await names()).toHaveLength(1);
  });

  test("cannot be removed while they are used, also by a container that has ended, also by force", async () => {
    const running = await detached("--volume", "one:/x");
    await engine().ok([
      "run",
      "--network",
      "none",
      "--name",
      "ended",
      "--volume",
      "one:/x",
      "busybox",
      "true",
    ]);
    const ended = await engine().ok(["inspect", "--format", "{{.Id}}", "ended"]);
    for (const flags of [[], ["--force"]]) {
      const said = await refusal("rm", ...flags, "one");
      expect(said).toContain("remove one: volume is in use - [");
      for (const id of [running, ended]) expect(said).toContain(id);
    }
    await engine().ok(["rm", "--force", running, ended]);
    await engine().ok(["volume", "rm", "one"]);
  });
});

describe("a volume of a plugin", () => {
  test("keeps its name from other drivers", async () => {
    await engine().ok(["volume", "create", "--driver", "acme/v", "shared"]);
    for (const driver of ["local", "acme/w"]) {
      expect(await refusal("create", "--driver", driver, "shared")).toBe(
        "create shared: driver 'acme/v:latest' already has volume 'shared': volume name must be unique",
      );
    }
    const again = await engine().request("POST", "/volumes/create", { body: { Name: "shared" } });
    expect(again.body).toContain('"Driver":"acme/v:latest"');
    expect(again.status).toBe(201);
  });

  test("whose creation the client gave up is there if the plugin has made it, and not in use", async () => {
    await setBehaviour("slow:1");
    const from = engine().log.length;
    const args = ["volume", "create", "--driver", "acme/v", "--label", "a=b", "given-up"];
    const client = spawn(findPeer("docker"), args, { env: engine().environment(), stdio: "ignore" });
    const ended = once(client, "exit");
    await engine().line("VolumeDriver.Create", from);
    client.kill("SIGINT");
    await ended;
    expect(await engine().line("volume settled with its driver", from)).toContain("given-up");
    expect(await names("label=a")).toEqual(["given-up"]);
    await setBehaviour("serve");
  });

  test("that the plugin refuses to remove is forgotten by force only", async () => {
    const options = ["--driver", "acme/w", "--label", "a=b", "--opt", "fail=Remove"];
    await engine().ok(["volume", "create", ...options, "sticky"]);
    expect(await refusal("rm", "sticky")).toBe("remove sticky: told to fail in Remove");
    expect(await names("label=a")).toEqual(["sticky"]);
    expect(await refusal("rm", "--force", "sticky")).toBe("remove sticky: told to fail in Remove");
    // The plugin itself still has it and lists it; the engine keeps nothing of it.
    expect(await names("label=a")).toEqual([]);
    expect(await names("driver=acme/w:latest")).toEqual(["sticky"]);
    await engine().ok(["plugin", "rm", "--force", "acme/w"]);
    expect(await names()).toEqual([]);
  });
});

test("an update is refused, since only a swarm's volumes can be updated", async () => {
  const { status, body } = await engine().request("PUT", "/volumes/any?version=1", { body: {} });
  expect(status).toBe(503);
  expect(body).toContain("only valid for cluster volumes");
});

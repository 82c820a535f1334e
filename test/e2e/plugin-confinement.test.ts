import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  factsOf,
  mountsBelow,
  mustRun,
  peerEnvironment,
  pluginPid,
  startDavitdInOwnNetwork,
  TempDir,
  type TestEngine,
  writeProbePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;

/** Creates and enables a plugin of this configuration; answers what it found itself to be. */
async function probe(name: string, config: Readonly<Record<string, unknown>>) {
  const dir = await writeProbePlugin(davitd.dir.join(name), config);
  await engine().ok(["plugin", "create", `acme/${name}`, dir]);
  await engine().ok(["plugin", "enable", `acme/${name}`]);
  return factsOf(engine(), `acme/${name}`);
}

const linux = { Capabilities: [], AllowAllDevices: false, Devices: [] };
/** The default capabilities as the kernel prints a set of them. */
const defaultSet = 0xa80425fbn;
const [netAdmin, sysAdmin] = [1n << 12n, 1n << 21n];
const printed = (set: bigint): string => set.toString(16).padStart(16, "0");
/** The kinds of namespaces that the plugin has in common with this host. */
async function sharedNamespaces(facts: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const types = ["net", "ipc", "pid", "uts", "mnt"];
  const own = await Promise.all(types.map((type) => readlink(`/proc/self/ns/${type}`)));
  return types.filter((type, index) => facts.get(`namespace.${type}`) === own[index]);
}

describe("a plugin that asks for nothing", () => {
  let facts: ReadonlyMap<string, string>;
  beforeAll(async () => {
    facts = await probe("plain", {
      Linux: linux,
      WorkDir: "/work",
      Args: { Name: "args", Settable: ["value"], Value: ["one", "two words"] },
      Env: [
        { Name: "ZULU", Value: "last letter first" },
        { Name: "BEHAVIOUR", Value: "serve", Settable: ["value"] },
        { Name: "ALPHA", Value: "" },
      ],
    });
  });

  test("is root with the default capabilities under the system call filter", () => {
    expect(facts.get("status.Uid")).toBe("0\t0\t0\t0");
    expect(["CapEff", "CapPrm", "CapBnd"].map((set) => facts.get(`status.${set}`))).toEqual(
      Array(3).fill(printed(defaultSet)),
    );
    expect(facts.get("status.CapInh")).toBe(printed(0n));
    expect(facts.get("status.Seccomp")).toBe("2");
  });

  test("is process 1 of its own namespaces, and nobody else's", async () => {
    expect(facts.get("pid")).toBe("1");
    expect(await sharedNamespaces(facts)).toEqual([]);
  });

  test("gets its arguments, its working directory, and its environment in order after PATH", () => {
    expect(facts.get("args")).toBe("one|two words");
    expect(facts.get("cwd")).toBe("/work");
    // The runtime itself adds a HOME at the end where there is none.
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    expect(facts.get("environ")).toBe(`${path}|ZULU=last letter first|BEHAVIOUR=serve|ALPHA=|HOME=/`);
  });

  test("keeps its own /etc/hosts", () => {
    expect(facts.get("hosts")).toBe(String.raw`192.0.2.1 own\n`);
  });

  test("finds nothing in masked paths and cannot write to read-only ones", () => {
    // Not every kernel has all of them.
    const of = (prefix: string) =>
      [...facts].filter(
        ([name, value]) =>
          name.startsWith(prefix) && value !== "absent" && value !== "No such file or directory",
      );
    expect(of("masked.").filter(([, value]) => value !== "0")).toEqual([]);
    expect(of("readonly.").filter(([, value]) => value !== "Read-only file system")).toEqual([]);
    expect(of("masked.").length).toBeGreaterThan(2);
    expect(of("readonly.").length).toBeGreaterThan(2);
  });

  test("can use no device but the harmless ones, also if it makes the node itself", () => {
    expect(facts.get("device.null")).toBe("opened");
    expect(facts.get("device.fuse")).toBe("No such file or directory");
    expect(facts.get("device.made-fuse")).toBe("Operation not permitted");
    expect(facts.get("device.made-kmsg")).toBe("Operation not permitted");
  });
});

test("a plugin with a device can use this one and no other", async () => {
  const facts = await probe("fuse", { Linux: { ...linux, Devices: [{ Name: "fuse", Path: "/dev/fuse" }] } });
  expect(facts.get("device.fuse")).toBe("opened");
  expect(facts.get("device.made-fuse")).toBe("opened");
  expect(facts.get("device.made-kmsg")).toBe("Operation not permitted");
});

test("a plugin that asks for all has the host's namespaces and devices, and exactly the capabilities it names", async () => {
  const facts = await probe("wide", {
    Network: { Type: "host" },
    IpcHost: true,
    PidHost: true,
    Linux: { ...linux, Capabilities: ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"], AllowAllDevices: true },
    Mounts: [{ Name: "dev", Source: "/dev", Destination: "/dev", Type: "bind", Options: ["rbind"] }],
  });
  expect(await sharedNamespaces(facts)).toEqual(["net", "ipc", "pid"]);
  expect(facts.get("pid")).toBe(String(await pluginPid(engine(), "acme/wide")));
  expect(["CapEff", "CapPrm", "CapBnd"].map((set) => facts.get(`status.${set}`))).toEqual(
    Array(3).fill(printed(defaultSet | netAdmin | sysAdmin)),
  );
  expect(facts.get("hosts")).toBe((await readFile("/etc/hosts", "utf8")).replaceAll("\n", String.raw`\n`));
  expect(facts.get("device.fuse")).toBe("opened");
  expect(facts.get("device.made-kmsg")).toBe("opened");
});

test("a plugin with a user runs as this one, keeps the capabilities it was granted, and serves", async () => {
  const facts = await probe("user", {
    User: { UID: 1000, GID: 1001 },
    Linux: { ...linux, Capabilities: ["CAP_NET_ADMIN"] },
    Env: [{ Name: "ROOT", Value: "/tmp" }],
    PropagatedMount: "",
  });
  expect(facts.get("status.Uid")).toBe("1000\t1000\t1000\t1000");
  expect(facts.get("status.Gid")).toBe("1001\t1001\t1001\t1001");
  expect(facts.get("status.CapEff")).toBe(printed(netAdmin));
  expect(facts.get("status.CapBnd")).toBe(printed(defaultSet | netAdmin));
  await engine().ok(["volume", "create", "--driver", "acme/user", "served"]);
  await engine().ok(["volume", "rm", "served"]);
});

test("what a plugin mounts in its propagated mount appears on the host and goes again", async () => {
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine().ok(["volume", "create", "--driver", "acme/wide", "--opt", "tmpfs=1", "memory"]);
  const id = await engine().ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/wide"]);
  const propagated = join(engine().dataRoot, "plugins", id, "propagated-mount");
  const mounted = join(propagated, "volumes/memory");
  const run = ["run", "--detach", "--network", "none", "--volume", "memory:/m", "busybox", "sleep", "600"];
  const container = await engine().ok(run);
  expect(await mountsBelow(propagated)).toContain(mounted);
  await engine().ok(["rm", "--force", container]);
  expect(await mountsBelow(propagated)).not.toContain(mounted);
  await engine().ok(["volume", "rm", "memory"]);
});

test("none of them leaves anything once it is removed", async () => {
  const ids = (await engine().ok(["plugin", "ls", "--quiet"])).split("\n");
  await engine().ok(["plugin", "rm", "--force", ...ids]);
  await expectNothingLeft(engine());
});

describe("the bridge network", () => {
  const cleanup = new AsyncDisposableStack();
  let dir: TempDir;
  let image: Uint8Array;
  beforeAll(async () => {
    dir = cleanup.use(await TempDir.create("e2e"));
    await writeProbePlugin(dir.join("plugin"), { Network: { Type: "bridge" }, Linux: linux });
    image = await busyboxRootfs();
  });
  afterAll(() => cleanup.disposeAsync());

  /** A daemon whose bridge is nobody else's, with one plugin that asks for the network. */
  async function start(...flags: readonly string[]): Promise<TestEngine> {
    const started = await startDavitdInOwnNetwork(...flags);
    await started.ok(["import", "-", "busybox"], { input: image });
    await started.ok(["plugin", "create", "acme/bridged", dir.join("plugin")]);
    await started.ok(["plugin", "enable", "acme/bridged"]);
    return started;
  }

  const addressPattern = /eth0 +inet (10\.89\.\d+\.\d+)\/16/;

  test("connects plugins and containers to its gateway and to each other", async () => {
    await using own = await start();
    const pid = await pluginPid(own, "acme/bridged");
    const inside = (...command: readonly string[]) =>
      mustRun("nsenter", [`--net=/proc/${String(pid)}/ns/net`, ...command], { env: peerEnvironment() });
    const address = addressPattern.exec(await inside("ip", "-o", "-4", "addr", "show", "eth0"))?.[1];
    expect(address).toBeDefined();
    await inside("busybox", "ping", "-c", "1", "-W", "5", "10.89.0.1");
    const script = `ip -o -4 addr show eth0; ping -c 1 -W 5 10.89.0.1 && ping -c 1 -W 5 ${address ?? ""}`;
    const { stdout, stderr, exitCode } = await own.docker(["run", "--rm", "busybox", "sh", "-c", script]);
    expect(stdout).toMatch(addressPattern);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    await own.ok(["plugin", "rm", "--force", "acme/bridged"]);
    await expectNothingLeft(own);
  });

  test("is joined anew, at the first attempt, by a plugin that was killed", async () => {
    await using own = await start();
    process.kill(await pluginPid(own, "acme/bridged"), "SIGKILL");
    expect(await own.line("plugin is up again")).toContain("failures=1");
    const pid = await pluginPid(own, "acme/bridged");
    expect(await readFile(`/proc/${String(pid)}/net/dev`, "utf8")).toContain("eth0");
    await own.ok(["plugin", "rm", "--force", "acme/bridged"]);
    await expectNothingLeft(own);
  });

  test("is missing where there is to be none: a plugin starts with a warning, a container is told what there is instead", async () => {
    await using own = await start("--bridge=none");
    await own.line("plugin asks for the bridge network");
    const pid = await pluginPid(own, "acme/bridged");
    const links = await readFile(`/proc/${String(pid)}/net/dev`, "utf8");
    expect(links).not.toContain("eth0");
    const { stderr, exitCode } = await own.docker(["run", "--rm", "busybox", "true"]);
    expect(stderr).toContain("--network none");
    expect(stderr).toContain("host");
    expect(exitCode).toBe(125);
    expect(await own.ok(["ps", "--all", "--quiet"])).toBe("");
  });
});

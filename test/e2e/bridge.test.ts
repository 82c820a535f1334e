import { busyboxRootfs } from "@davit/testkit";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

// What bridges make of what others do to them, and of names that mean something to other programs.

const davitd = useDavitdInOwnNetwork();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterEach(async () => {
  const containers = (await davitd.engine.ok(["ps", "--all", "--quiet"])).split("\n").filter(Boolean);
  if (containers.length > 0) await davitd.engine.ok(["rm", "--force", ...containers]);
  await davitd.engine.ok(["network", "prune", "--force"]);
});

const sleeper = (name: string, ...options: readonly string[]) => {
  const detached = ["run", "--detach", "--name", name, "--stop-timeout", "0", ...options];
  return davitd.engine.ok([...detached, "busybox", "sleep", "600"]);
};
const fails = async (...args: readonly string[]): Promise<string> => {
  const { stderr, exitCode } = await davitd.engine.docker(args);
  expect(exitCode).not.toBe(0);
  return stderr;
};
const addressOn = (name: string, network: string) =>
  davitd.engine.ok([
    "inspect",
    "--format",
    `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
    name,
  ]);
const ping = (from: string, to: string) => davitd.engine.ok(["exec", from, "ping", "-c", "1", "-W", "2", to]);
const rules = async (): Promise<readonly string[]> =>
  (await davitd.engine.network.run("iptables-save")).split("\n").filter((line) => line.includes("davit:"));

describe("what another program takes away", () => {
  test("of packet filters comes back with the next container, the ports of the others as well", async () => {
    await davitd.engine.ok(["network", "create", "mine"]);
    await davitd.engine.ok(["network", "create", "other"]);
    await sleeper("web", "--network", "mine", "--publish", "8080:80");
    await sleeper("apart", "--network", "other");
    const ofBoth = async () => (await rules()).filter((rule) => !rule.includes("davit0")).toSorted();
    const before = await ofBoth();
    for (const table of ["filter", "nat"]) await davitd.engine.network.run("iptables", "-t", table, "-F");
    expect(await rules()).toEqual([]);
    await sleeper("next", "--network", "mine");
    await davitd.engine.ok(["network", "connect", "other", "next"]);
    expect(await ofBoth()).toEqual(before);
    const { stdout } = await davitd.engine.docker([
      "exec",
      "apart",
      "ping",
      "-c",
      "1",
      "-W",
      "1",
      await addressOn("web", "mine"),
    ]);
    expect(stdout).toContain("100% packet loss");
    // Isolation alone is put where it is before what lets out.
    await davitd.engine.network.run("iptables", "-D", "DAVIT-FORWARD", "-j", "DAVIT-ISOLATE-1");
    await sleeper("last", "--network", "mine");
    expect(await davitd.engine.network.run("iptables", "-S", "DAVIT-FORWARD", "1")).toContain(
      "-j DAVIT-ISOLATE-1",
    );
  });

  test("of bridges comes back with the next container", async () => {
    await davitd.engine.ok(["network", "create", "--opt", "com.docker.network.bridge.name=mine0", "mine"]);
    await sleeper("gone", "--network", "mine");
    await davitd.engine.network.run("ip", "link", "del", "mine0");
    await sleeper("one", "--network", "mine");
    await sleeper("two", "--network", "mine");
    expect(await ping("one", "two")).toContain("1 packets received");
  });
});

describe("a bridge that the user names", () => {
  const create = (bridge: string, name = "mine") =>
    fails("network", "create", "--opt", `com.docker.network.bridge.name=${bridge}`, name);

  test.each(["-odd", "..", "a;b", "$(id)", "eth+", "br%d", "sixteen-letters-", "all", "a b"])(
    "%s is refused before anything is asked of the kernel",
    async (bridge) => {
      expect(await create(bridge)).toContain("failed to parse com.docker.network.bridge.name value");
    },
  );

  test("is no interface of another kind, which stays as it is", async () => {
    await davitd.engine.network.run("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1");
    expect(await create("wire0")).toContain("existing interface wire0 is not a bridge");
    expect(await davitd.engine.network.run("ip", "-o", "addr", "show", "dev", "wire0")).toBe("");
    await davitd.engine.network.run("ip", "link", "del", "wire0");
  });

  test("is one network's", async () => {
    await davitd.engine.ok(["network", "create", "--opt", "com.docker.network.bridge.name=mine0", "first"]);
    expect(await create("mine0", "second")).toContain("networks have same bridge name");
  });

  test("has addresses that are not all that there are", async () => {
    expect(await fails("network", "create", "--ipam-driver", "null", "mine")).toContain("ipv4 pool is empty");
  });
});

test("a network that is removed twice at once is removed once", async () => {
  await davitd.engine.ok(["network", "create", "mine"]);
  const both = await Promise.all([
    davitd.engine.docker(["network", "rm", "mine"]),
    davitd.engine.docker(["network", "rm", "mine"]),
  ]);
  expect(both.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
  expect(both.map(({ stderr }) => stderr).join("")).toContain("network mine not found");
});

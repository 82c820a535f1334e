import { Readable } from "node:stream";
import {
  busyboxRootfs,
  findPeer,
  ipamDriverAnswers,
  networkDriverAnswers,
  type PluginAnswer,
  PluginReply,
  pluginError,
} from "@davit/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countsOf, NetworkPluginServers, type ServedDriver } from "./network-plugin-server.ts";
import { startProgram } from "./start-program.ts";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork("--plugin-retry-timeout=1");
const cleanup = new AsyncDisposableStack();
const servers = new NetworkPluginServers(davitd, cleanup);
let driver: ServedDriver;
/** What the driver does while nothing is wrong. */
let sound: Readonly<Record<string, PluginAnswer>>;

beforeAll(async () => {
  const { engine } = davitd;
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  sound = { ...networkDriverAnswers(engine.network), ...ipamDriverAnswers() };
  driver = await servers.bySocket("tnet", sound);
});
afterAll(() => cleanup.disposeAsync());
beforeEach(async () => {
  await davitd.engine.ok(["network", "create", "-d", "tnet", "--ipam-driver", "tnet", "deck"]);
  driver.server.forget();
});
afterEach(async () => {
  heal();
  await davitd.engine.docker(["rm", "-f", "bow"]);
  await davitd.engine.docker(["network", "rm", "deck"]);
  const left = await interfacesOfDriver();
  if (left.length > 0) throw new Error(`the driver has still ${left.join(" ")}`);
});

const run = (...options: readonly string[]) =>
  davitd.engine.docker(["run", "--name", "bow", "--network", "deck", ...options, "busybox", "true"]);
const heal = () => driver.server.answer(sound);
/** The bridge of the network, and nothing else. */
const interfacesOfDriver = async () =>
  (await davitd.engine.network.interfaces()).map((name) => name.slice(0, 2)).filter((name) => name !== "do");

/** Each step that is begun at a driver, and what ends it. */
const pairs = [
  ["ProgramExternalConnectivity", "RevokeExternalConnectivity"],
  ["Join", "Leave"],
  ["CreateEndpoint", "DeleteEndpoint"],
  ["RequestAddress", "ReleaseAddress"],
] as const;

/** Carries the step out, and answers something else. */
const faults: Readonly<Record<string, (carryOut: () => Promise<unknown>) => Promise<unknown>>> = {
  "no JSON": async (carryOut) => (await carryOut(), "<html>"),
  "another type": async (carryOut) => (await carryOut(), { Err: 7, Error: 7 }),
  nothing: async (carryOut) => (await carryOut(), ""),
  "half an answer": async (carryOut) => (
    await carryOut(), new PluginReply(200, '{"Err":', { cutShort: true })
  ),
  "100 MB": async (carryOut) => (
    await carryOut(), Readable.from(Array<Buffer>(100).fill(Buffer.alloc(1024 * 1024, " ")))
  ),
};

describe.each(Object.entries(faults))("an answer that is %s", (_fault, faulty) => {
  test.each([
    ["CreateEndpoint", "DeleteEndpoint"],
    ["Join", "Leave"],
    ["ProgramExternalConnectivity", "RevokeExternalConnectivity"],
  ])("to %s fails the start, of which nothing stays", async (method, undo) => {
    const { engine } = davitd;
    const name = `NetworkDriver.${method}`;
    driver.server.answer({
      [name]: (body, call) => faulty(async () => sound[name]?.(body, call)),
    });
    const { exitCode, stderr } = await run("-p", "8080:80");
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`NetworkDriver.${method}`);
    expect(await interfacesOfDriver()).toEqual(["tb"]);
    expect(countsOf(driver.server, [method, undo])).toEqual([1, 1]);
    // Whatever had been begun has its end, once.
    for (const [begun, ended] of pairs)
      expect(countsOf(driver.server, [begun])).toEqual(countsOf(driver.server, [ended]));
    heal();
    await engine.ok(["start", "--attach", "bow"]);
    await engine.ok(["rm", "bow"]);
    expect(await interfacesOfDriver()).toEqual(["tb"]);
  });

  test.each(["RevokeExternalConnectivity", "Leave", "DeleteEndpoint"])(
    "to %s keeps no container from ending, and the end is told again",
    async (method) => {
      const { engine } = davitd;
      const name = `NetworkDriver.${method}`;
      driver.server.answer({ [name]: (body, call) => faulty(async () => sound[name]?.(body, call)) });
      expect((await run("--detach")).exitCode).toBe(0);
      await engine.ok(["rm", "-f", "bow"]);
      expect(await engine.ok(["ps", "-aq"])).toBe("");
      heal();
      driver.server.forget();
      await engine.ok(["network", "rm", "deck"]);
      expect(await interfacesOfDriver()).toEqual([]);
      expect(countsOf(driver.server, [method, "DeleteEndpoint", "DeleteNetwork"])).toEqual([1, 1, 1]);
    },
  );

  test("to RequestAddress fails the start before anything is begun", async () => {
    driver.server.answer({ "IpamDriver.RequestAddress": () => faulty(() => Promise.resolve()) });
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(125);
    expect(stderr).toContain("IpamDriver.RequestAddress");
    expect(countsOf(driver.server, ["CreateEndpoint", "ReleaseAddress"])).toEqual([0, 0]);
    heal();
    await davitd.engine.ok(["rm", "bow"]);
  });

  test("to CreateNetwork leaves no network and no pool", async () => {
    const { engine } = davitd;
    const name = "NetworkDriver.CreateNetwork";
    driver.server.answer({ [name]: (body, call) => faulty(async () => sound[name]?.(body, call)) });
    const created = await engine.docker(["network", "create", "-d", "tnet", "--ipam-driver", "tnet", "hold"]);
    expect(created.stderr).toContain(name);
    heal();
    expect(countsOf(driver.server, ["CreateNetwork", "DeleteNetwork"])).toEqual([1, 1]);
    expect(countsOf(driver.server, ["RequestPool", "ReleasePool"])).toEqual([1, 1]);
    expect(await engine.ok(["network", "ls", "-q", "--filter", "name=hold"])).toBe("");
    expect(await interfacesOfDriver()).toEqual(["tb"]);
  });
});

describe("a plugin that says no", () => {
  test.each(pairs.slice(0, 3))("to %s has nothing to undo there", async (method, undo) => {
    driver.server.answer({ [`NetworkDriver.${method}`]: () => pluginError("no") });
    expect((await run()).stderr).toContain(`NetworkDriver.${method}: no`);
    heal();
    expect(countsOf(driver.server, [method, undo])).toEqual([1, 0]);
    expect(await interfacesOfDriver()).toEqual(["tb"]);
    await davitd.engine.ok(["rm", "bow"]);
  });

  test.each(pairs.map(([, ended]) => ended))("to %s is asked once", async (method) => {
    const type = method === "ReleaseAddress" ? "IpamDriver" : "NetworkDriver";
    const name = `${type}.${method}`;
    driver.server.answer({
      [name]: async (body, call) => {
        await sound[name]?.(body, call);
        return { Err: "no", Error: "no" };
      },
    });
    await run();
    await davitd.engine.ok(["rm", "-f", "bow"]);
    heal();
    expect(countsOf(driver.server, [method])).toEqual([1]);
    expect(await interfacesOfDriver()).toEqual(["tb"]);
  });
});

describe("a plugin that dies", () => {
  test.each(["CreateEndpoint", "Join", "ProgramExternalConnectivity"])(
    "during %s fails the start, and is told the rest when it is back",
    async (method) => {
      const { engine } = davitd;
      const name = `NetworkDriver.${method}`;
      driver.server.answer({
        [name]: async (body, call) => {
          await sound[name]?.(body, call);
          await driver.server.stop();
          return {};
        },
      });
      const { exitCode } = await run();
      expect(exitCode).toBe(125);
      heal();
      await driver.server.start();
      // The next start begins with what the last one has left.
      await engine.ok(["start", "--attach", "bow"]);
      await engine.ok(["rm", "bow"]);
      expect(await interfacesOfDriver()).toEqual(["tb"]);
      expect(countsOf(driver.server, ["CreateEndpoint"])).toEqual(
        countsOf(driver.server, ["DeleteEndpoint"]),
      );
    },
  );

  test.each(["RevokeExternalConnectivity", "Leave", "DeleteEndpoint"])(
    "during %s keeps no container from ending, and is told the rest when it is back",
    async (method) => {
      const { engine } = davitd;
      const name = `NetworkDriver.${method}`;
      driver.server.answer({
        [name]: async (body, call) => {
          await sound[name]?.(body, call);
          await driver.server.stop();
          return {};
        },
      });
      await run("--detach");
      await engine.ok(["rm", "-f", "bow"]);
      heal();
      await driver.server.start();
      await engine.ok(["network", "rm", "deck"]);
      expect(await interfacesOfDriver()).toEqual([]);
    },
  );
});

describe("a network whose driver dies while it is created", () => {
  const create = ["network", "create", "-d", "tnet", "--ipam-driver", "tnet", "hold"];
  let failed: { readonly exitCode: number };
  beforeEach(async () => {
    const { engine } = davitd;
    const name = "NetworkDriver.CreateNetwork";
    driver.server.answer({
      [name]: async (body, call) => {
        await sound[name]?.(body, call);
        await driver.server.stop();
        return {};
      },
    });
    failed = await engine.docker(create);
    heal();
    await driver.server.start();
    driver.server.forget();
  });

  test("is none, and is deleted before the next one is created, whose name may be the same", async () => {
    const { engine } = davitd;
    expect(failed.exitCode).toBe(1);
    expect(await engine.ok(["network", "ls", "-q", "--filter", "name=hold"])).toBe("");
    await engine.ok(create);
    const methods = driver.server.calls.map(({ method }) => method.replace(/^.*\./, ""));
    expect(methods.filter((method) => /Network$|Pool$/.test(method))).toEqual([
      "DeleteNetwork",
      "ReleasePool",
      "RequestPool",
      "CreateNetwork",
    ]);
    await engine.ok(["network", "rm", "hold"]);
  });

  test("is deleted when the engine starts", async () => {
    await davitd.engine.stop();
    await davitd.engine.start();
    await driver.server.nextCall("IpamDriver.ReleasePool");
    expect(countsOf(driver.server, ["DeleteNetwork", "ReleaseAddress", "ReleasePool"])).toEqual([1, 1, 1]);
  });
});

test("a live container is disconnected by force while its driver is away, which is told when it is back", async () => {
  const { engine } = davitd;
  await engine.ok(["run", "-d", "--name", "bow", "--network", "deck", "busybox", "sleep", "3600"]);
  driver.server.forget();
  await driver.server.stop();
  expect((await engine.docker(["network", "disconnect", "deck", "bow"])).exitCode).toBe(1);
  await engine.ok(["network", "disconnect", "--force", "deck", "bow"]);
  expect(await engine.ok(["exec", "bow", "ls", "/sys/class/net"])).toBe("lo");
  expect(await engine.ok(["inspect", "--format", "{{len .NetworkSettings.Networks}}", "bow"])).toBe("0");
  expect(await engine.ok(["network", "inspect", "--format", "{{len .Containers}}", "deck"])).toBe("0");
  await driver.server.start();
  await engine.ok(["network", "connect", "deck", "bow"]);
  expect(await engine.ok(["exec", "bow", "ls", "/sys/class/net"])).toContain("eth0");
  await engine.ok(["rm", "-f", "bow"]);
  await engine.ok(["network", "rm", "deck"]);
  expect(countsOf(driver.server, ["Leave", "DeleteEndpoint", "ReleaseAddress"])).toEqual([2, 2, 3]);
});

test("a client that goes away while its network is created has it undone", async () => {
  const { engine } = davitd;
  driver.server.answer({ "NetworkDriver.CreateNetwork": () => new Promise(() => undefined) });
  const create = ["network", "create", "-d", "tnet", "--ipam-driver", "tnet", "hold"];
  const client = startProgram(findPeer("docker"), create, engine.environment());
  const { hungUp } = await driver.server.nextCall("NetworkDriver.CreateNetwork");
  await client[Symbol.asyncDispose]();
  await hungUp;
  await driver.server.nextCall("IpamDriver.ReleasePool");
  expect(countsOf(driver.server, ["CreateNetwork", "DeleteNetwork", "RequestPool", "ReleasePool"])).toEqual([
    1, 1, 1, 1,
  ]);
  heal();
  await engine.ok(create);
  await engine.ok(["network", "rm", "hold"]);
});

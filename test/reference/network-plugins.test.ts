import { join } from "node:path";
import {
  busyboxRootfs,
  startDavitdInOwnNetwork,
  startDockerdInOwnNetwork,
  startPluginServer,
  type TestEngine,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import { EvenedIds } from "./evened-ids.ts";
import { networkPluginScript } from "./network-plugin-script.ts";
import { obligingDriver } from "./obliging-driver.ts";
import { wordsOf } from "./type-script.ts";

interface Observed {
  readonly stdout: unknown;
  readonly stderr: string;
  readonly exitCode: number;
  /** What the driver was asked meanwhile. */
  readonly calls: readonly unknown[];
}

/** What only tells the engine something is asked when it wants to know: `driver-facts-when-needed` in `docs/differences.md`. */
const askedAtOtherTimes = new Set([
  "NetworkDriver.GetCapabilities",
  "NetworkDriver.EndpointOperInfo",
  "IpamDriver.GetCapabilities",
  "IpamDriver.GetDefaultAddressSpaces",
]);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text, (key, value: unknown) => (key === "Config" ? inOrder(value) : value));
  } catch {
    return text;
  }
};

/** The command line sends several subnets in any order, in which they are inspected then. */
const inOrder = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
    : value;

/** What one engine said to each line, and what it asked of its driver. */
async function observe(start: () => Promise<TestEngine>): Promise<readonly Observed[]> {
  await using engine = await start();
  await using server = await startPluginServer({
    implements: ["NetworkDriver", "IpamDriver"],
    answers: obligingDriver(engine),
    listen: { socket: join(engine.pluginSocketDir, "tnet.sock") },
  });
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const ids = new EvenedIds(engine.dir);
  const observed: Observed[] = [];
  for (const { type } of networkPluginScript) {
    server.forget();
    const env = { DOCKER_API_VERSION: "1.41" };
    const { stdout, stderr, exitCode } = await engine.docker(wordsOf(type, {}), { env });
    ids.startLine();
    const created = /^network create .*?(\S+)$/.exec(type)?.[1];
    if (created !== undefined && exitCode === 0) ids.name(stdout.trim(), created);
    const calls = server.calls
      .filter(({ method }) => !askedAtOtherTimes.has(method))
      .map(({ method, rawBody }) => [method, parsed(ids.even(rawBody))]);
    observed.push({ stdout: parsed(ids.even(stdout)), stderr: ids.even(stderr), exitCode, calls });
  }
  return observed;
}

describe("davitd asks the same of a network driver as dockerd, and says the same of it", () => {
  let davit: readonly Observed[] = [];
  let docker: readonly Observed[] = [];
  beforeAll(async () => {
    const both = [observe(startDavitdInOwnNetwork), observe(startDockerdInOwnNetwork)] as const;
    // Even when the one has failed, the other is to clean up.
    await Promise.allSettled(both);
    [davit, docker] = await Promise.all(both);
  });

  const lines = (isSame: boolean) =>
    networkPluginScript.flatMap(({ type, differs }, index): [string, number][] =>
      (differs === undefined) === isSame ? [[`${String(index + 1)}: docker ${type}`, index]] : [],
    );

  test.for(lines(true))("%s", ([, index]) => {
    expect(davit[index]).toEqual(docker[index]);
  });

  test.for(lines(false))("%s, but for a documented difference", ([, index]) => {
    expect(davit[index]).not.toEqual(docker[index]);
  });
});

test("every difference is documented", async () => {
  const documented = await documentedDifferences();
  const named = new Set(networkPluginScript.flatMap(({ differs }) => differs ?? []));
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

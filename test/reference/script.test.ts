import { join } from "node:path";
import {
  findPeer,
  peerEnvironment,
  runCommand,
  startDavitd,
  startDockerd,
  startDockerRegistry,
  TempDir,
  type TestEngine,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import { preparePlaces } from "./places.ts";
import { evened, olderScript, script } from "./script.ts";
import type { Step } from "./step.ts";
import { type Answer, typeScript } from "./type-script.ts";

/** Debian's docker CLI, wherever the newer one that the path names first has come from. */
async function findOlderCli(): Promise<string> {
  const env = peerEnvironment();
  for (const folder of (env["PATH"] ?? "").split(":")) {
    const cli = join(folder, "docker");
    const version = await runCommand(cli, ["--version"], { env }).catch(() => undefined);
    if (version?.stdout.startsWith("Docker version 20.10.") === true) return cli;
  }
  throw new Error("the docker CLI 20.10 is missing: run npm run setup -- --peers");
}

/** Each engine has a registry of its own, so that what the one pushes is new to the other's. */
async function answersOf(
  start: () => Promise<TestEngine>,
  steps: readonly Step[],
  cli: string,
): Promise<readonly Answer[]> {
  await using dir = await TempDir.create("ref");
  await using cleanup = new AsyncDisposableStack();
  const registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  const places = { ...(await preparePlaces(dir)), registry: registry.host };
  await using engine = await start();
  return await typeScript(engine, steps, { places, cli });
}

describe.each([
  { version: "28", steps: script, find: async () => findPeer("docker") },
  { version: "20.10", steps: olderScript, find: findOlderCli },
])("davitd answers the docker CLI $version what dockerd answers it", ({ steps, find }) => {
  let davit: readonly Answer[] = [];
  let docker: readonly Answer[] = [];
  beforeAll(async () => {
    const cli = await find();
    // Even when the one has failed, the other is to clean up.
    const both = [answersOf(() => startDavitd(), steps, cli), answersOf(startDockerd, steps, cli)] as const;
    await Promise.allSettled(both);
    [davit, docker] = await Promise.all(both);
  });

  // Titles as arrays, because vitest cuts what it takes from objects.
  const lines = (isSame: boolean) =>
    steps.flatMap(({ type, differs }, index): [string, number][] => {
      const title = `${String(index + 1)}: docker ${type}`;
      return (differs === undefined) === isSame ? [[title, index]] : [];
    });

  test.for(lines(true))("%s", ([, index]) => {
    expect(davit[index]).toEqual(docker[index]);
  });

  test.for(lines(false))("%s, but for a documented difference", ([, index]) => {
    expect(davit[index]).not.toEqual(docker[index]);
  });
});

test("every difference is documented, and every line that differs names one", async () => {
  const documented = await documentedDifferences();
  const named = new Set([...script, ...olderScript, ...evened].flatMap(({ differs }) => differs ?? []));
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

test("the script types at least two hundred lines", () => expect(script.length).toBeGreaterThanOrEqual(200));

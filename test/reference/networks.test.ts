import {
  findPeer,
  startDavitdInOwnNetwork,
  startDockerdInOwnNetwork,
  TempDir,
  type TestEngine,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import type { ComparedAnswer } from "./http-answer.ts";
import { evenedAnswer } from "./http-evened.ts";
import { networkContainerSteps, networkSteps } from "./http-network-steps.ts";
import { describeStep } from "./http-step.ts";
import { networkScript } from "./network-script.ts";
import { preparePlaces } from "./places.ts";
import { sendScript } from "./send-script.ts";
import { type Answer, typeScript } from "./type-script.ts";

// Each engine has bridges, addresses and packet filters in a network namespace of its own.

const steps = [...networkSteps, ...networkContainerSteps];

const both = async <Value>(of: (engine: TestEngine) => Promise<Value>): Promise<readonly [Value, Value]> => {
  const from = async (start: () => Promise<TestEngine>): Promise<Value> => {
    await using engine = await start();
    return await of(engine);
  };
  const pending = [from(() => startDavitdInOwnNetwork()), from(() => startDockerdInOwnNetwork())] as const;
  await Promise.allSettled(pending);
  return await Promise.all(pending);
};

/** Subnets are of each engine's own choice. */
const netless = (text: string): string =>
  text
    .replaceAll(/\b(?:172\.\d+|10\.89)\.\d+\.\d+/g, "{address}")
    .replaceAll(/\b02(?::[0-9a-f]{2}){5}\b/g, "{mac}");

describe("davitd answers over HTTP what dockerd answers about networks", () => {
  let davit: readonly ComparedAnswer[] = [];
  let docker: readonly ComparedAnswer[] = [];
  beforeAll(async () => {
    [davit, docker] = await both(async (engine) => {
      await using dir = await TempDir.create("http");
      return await sendScript(engine, steps, { dir, places: await preparePlaces(dir) });
    });
  });

  const titled = steps.map((step, index): [string, number] => [
    `${String(index + 1)}: ${describeStep(step)}`,
    index,
  ]);
  test.for(titled)("%s", ([, index]) => {
    const [own, other] = [davit[index], docker[index]];
    if (own === undefined || other === undefined) throw new Error("not every request was answered");
    const differs = steps[index]?.differs !== undefined;
    if (differs) expect(own).not.toEqual(evenedAnswer(own, other));
    else expect(own).toEqual(evenedAnswer(own, other));
  });
});

describe("davitd answers the docker CLI what dockerd answers about networks", () => {
  let davit: readonly Answer[] = [];
  let docker: readonly Answer[] = [];
  beforeAll(async () => {
    [davit, docker] = await both((engine) =>
      typeScript(engine, networkScript, { places: {}, cli: findPeer("docker") }),
    );
  });

  test.for(
    networkScript.map(({ type }, index): [string, number] => [`${String(index + 1)}: docker ${type}`, index]),
  )("%s", ([, index]) => {
    const tell = (answer: Answer | undefined) =>
      answer && { ...answer, stdout: netless(answer.stdout), stderr: netless(answer.stderr) };
    const differs = networkScript[index]?.differs !== undefined;
    if (differs) expect(tell(davit[index])).not.toEqual(tell(docker[index]));
    else expect(tell(davit[index])).toEqual(tell(docker[index]));
  });
});

test("every difference is documented", async () => {
  const documented = await documentedDifferences();
  const named = [...steps, ...networkScript].flatMap(({ differs }) => differs ?? []);
  expect(named.filter((heading) => !documented.has(heading))).toEqual([]);
});

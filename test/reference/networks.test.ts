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

  const requests = (isSame: boolean) =>
    steps.flatMap((step, index): [string, number][] =>
      (step.differs === undefined) === isSame ? [[`${String(index + 1)}: ${describeStep(step)}`, index]] : [],
    );
  const answers = (index: number): readonly [ComparedAnswer, ComparedAnswer] => {
    const [own, other] = [davit[index], docker[index]];
    if (own === undefined || other === undefined) throw new Error("not every request was answered");
    return [own, evenedAnswer(own, other)];
  };

  test.for(requests(true))("%s", ([, index]) => {
    const [own, other] = answers(index);
    expect(own).toEqual(other);
  });

  test.for(requests(false))("%s, but for a documented difference", ([, index]) => {
    const [own, other] = answers(index);
    expect(own).not.toEqual(other);
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

  const lines = (isSame: boolean) =>
    networkScript.flatMap(({ type, differs }, index): [string, number][] =>
      (differs === undefined) === isSame ? [[`${String(index + 1)}: docker ${type}`, index]] : [],
    );
  const told = (answer: Answer | undefined) =>
    answer && { ...answer, stdout: netless(answer.stdout), stderr: netless(answer.stderr) };

  test.for(lines(true))("%s", ([, index]) => {
    expect(told(davit[index])).toEqual(told(docker[index]));
  });

  test.for(lines(false))("%s, but for a documented difference", ([, index]) => {
    expect(told(davit[index])).not.toEqual(told(docker[index]));
  });
});

test("every difference is documented", async () => {
  const documented = await documentedDifferences();
  const named = [...steps, ...networkScript].flatMap(({ differs }) => differs ?? []);
  expect(named.filter((heading) => !documented.has(heading))).toEqual([]);
});

import { startDavitd, startDockerd, startDockerRegistry, TempDir, type TestEngine } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import type { ComparedAnswer } from "./http-answer.ts";
import { evenedAnswer, evenedHeadings } from "./http-evened.ts";
import { httpScript } from "./http-script.ts";
import { describeStep } from "./http-step.ts";
import { preparePlaces } from "./places.ts";
import { sendScript } from "./send-script.ts";

/** Each engine has a registry of its own, so that what the one pushes is new to the other's. */
async function answersOf(start: () => Promise<TestEngine>): Promise<readonly ComparedAnswer[]> {
  await using dir = await TempDir.create("http");
  await using cleanup = new AsyncDisposableStack();
  const registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  const places = { ...(await preparePlaces(dir)), registry: registry.host };
  await using engine = await start();
  return await sendScript(engine, httpScript, { dir, places });
}

describe("davitd answers over HTTP what dockerd answers", () => {
  let davit: readonly ComparedAnswer[] = [];
  let docker: readonly ComparedAnswer[] = [];
  beforeAll(async () => {
    // Even when the one has failed, the other is to clean up.
    const both = [answersOf(() => startDavitd()), answersOf(startDockerd)] as const;
    await Promise.allSettled(both);
    [davit, docker] = await Promise.all(both);
  });

  const answers = (index: number): readonly [ComparedAnswer, ComparedAnswer] => {
    const [own, other] = [davit[index], docker[index]];
    if (own === undefined || other === undefined) throw new Error("not every request was answered");
    return [own, evenedAnswer(own, other)];
  };
  // Titles as arrays, because vitest cuts what it takes from objects.
  const requests = (isSame: boolean) =>
    httpScript.flatMap((step, index): [string, number][] =>
      (step.differs === undefined) === isSame ? [[`${String(index + 1)}: ${describeStep(step)}`, index]] : [],
    );

  test.for(requests(true))("%s", ([, index]) => {
    const [own, other] = answers(index);
    expect(own).toEqual(other);
  });

  test.for(requests(false))("%s, but for a documented difference", ([, index]) => {
    const [own, other] = answers(index);
    expect(own).not.toEqual(other);
  });
});

test("every difference over HTTP is documented, and every request that differs names one", async () => {
  const documented = await documentedDifferences();
  const named = new Set([...evenedHeadings, ...httpScript.flatMap(({ differs }) => differs ?? [])]);
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

test("at least 120 requests are sent", () => expect(httpScript.length).toBeGreaterThanOrEqual(120));

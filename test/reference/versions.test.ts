import { startDavitdInOwnNetwork, startDockerdInOwnNetwork, TempDir, type TestEngine } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import type { ComparedAnswer } from "./http-answer.ts";
import { evenedAnswer } from "./http-evened.ts";
import { describeStep } from "./http-step.ts";
import { preparePlaces } from "./places.ts";
import { sendScript } from "./send-script.ts";
import { versionScript } from "./version-steps.ts";

async function answersOf(start: () => Promise<TestEngine>): Promise<readonly ComparedAnswer[]> {
  await using dir = await TempDir.create("ver");
  const places = await preparePlaces(dir);
  await using engine = await start();
  return await sendScript(engine, versionScript, { dir, places });
}

let davit: readonly ComparedAnswer[] = [];
let docker: readonly ComparedAnswer[] = [];

beforeAll(async () => {
  // Even when the one has failed, the other is to clean up.
  const both = [
    answersOf(() => startDavitdInOwnNetwork()),
    answersOf(() => startDockerdInOwnNetwork()),
  ] as const;
  await Promise.allSettled(both);
  [davit, docker] = await Promise.all(both);
});

test.for(
  versionScript.map((step, index): [string, number] => [
    `${String(index + 1)}: ${describeStep(step)}`,
    index,
  ]),
)("%s is answered as by dockerd in that version", ([, index]) => {
  const [own, other] = [davit[index], docker[index]];
  if (own === undefined || other === undefined) throw new Error("not every request was answered");
  expect(own).toEqual(evenedAnswer(own, other));
});

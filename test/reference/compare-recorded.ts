import { startDavitd, startDockerd, type TestEngine } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import { type RecordedAnswer, type RecordedStep, unmountsInOneOrder } from "./recorded-calls.ts";

/** A test for each line, of what it made the engines say, and one of what it made them ask of their plugin. */
export function compareRecorded(
  title: string,
  steps: readonly RecordedStep[],
  recordAt: (start: () => Promise<TestEngine>) => Promise<readonly RecordedAnswer[]>,
  /** The beginnings of calls that change nothing, of which the engines may make different ones where that is documented. */
  questions: readonly string[] = ["VolumeDriver.Get "],
): void {
  describe.each([title])("%s", () => {
    let davit: readonly RecordedAnswer[] = [];
    let docker: readonly RecordedAnswer[] = [];
    beforeAll(async () => {
      const both = [recordAt(() => startDavitd()), recordAt(startDockerd)] as const;
      await Promise.allSettled(both);
      [davit, docker] = await Promise.all(both);
    });

    // Titles as arrays, because vitest cuts what it takes from objects.
    const lines = (of: (step: RecordedStep) => string | undefined, isSame: boolean) =>
      steps.flatMap((step, index): [string, number][] =>
        (of(step) === undefined) === isSame ? [[`${String(index + 1)}: docker ${step.type}`, index]] : [],
      );
    const differs = (step: RecordedStep) => step.differs;
    const callsDiffer = (step: RecordedStep) => step.callsDiffer;

    test.for(lines(differs, true))("%s", ([, index]) => {
      expect(davit[index]?.answer).toEqual(docker[index]?.answer);
    });

    test.for(lines(differs, false))("%s, but for a documented difference", ([, index]) => {
      expect(davit[index]?.answer).not.toEqual(docker[index]?.answer);
    });

    test.for(lines(callsDiffer, true))("%s: the same calls", ([, index]) => {
      expect(davit[index]?.calls).toEqual(docker[index]?.calls);
    });

    test.for(lines(callsDiffer, false))("%s: the same calls but for documented ones", ([, index]) => {
      const [own = [], other = []] = [davit[index]?.calls, docker[index]?.calls];
      // Once more, since questions stood between them.
      const changing = (calls: readonly string[]) =>
        unmountsInOneOrder(calls.filter((call) => !questions.some((question) => call.startsWith(question))));
      expect(own).not.toEqual(other);
      expect(changing(own)).toEqual(changing(other));
    });

    test("each difference is documented", async () => {
      const documented = await documentedDifferences();
      const named = steps.flatMap(({ differs, callsDiffer }) => [differs ?? [], callsDiffer ?? []].flat());
      expect(named.filter((heading) => !documented.has(heading))).toEqual([]);
    });
  });
}

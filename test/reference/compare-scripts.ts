import { startDavitd, startDockerd, startDockerRegistry, TempDir, type TestEngine } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { preparePlaces } from "./places.ts";
import type { Step } from "./step.ts";
import { type Answer, typeScript } from "./type-script.ts";

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

/** A test for each line, of whether davitd makes a version of the docker CLI say what dockerd makes it say. */
export function compareScripts(
  version: string,
  steps: readonly Step[],
  findCli: () => Promise<string>,
): void {
  describe(`davitd answers the docker CLI ${version} what dockerd answers it`, () => {
    let davit: readonly Answer[] = [];
    let docker: readonly Answer[] = [];
    beforeAll(async () => {
      const cli = await findCli();
      // Even when the one has failed, the other is to clean up.
      const both = [answersOf(() => startDavitd(), steps, cli), answersOf(startDockerd, steps, cli)] as const;
      await Promise.allSettled(both);
      [davit, docker] = await Promise.all(both);
    });

    // Titles as arrays, because vitest cuts what it takes from objects.
    const lines = (isSame: boolean) =>
      steps.flatMap(({ type, differs }, index): [string, number][] => {
        const line = `${String(index + 1)}: docker ${type}`;
        return (differs === undefined) === isSame ? [[line, index]] : [];
      });

    test.for(lines(true))("%s", ([, index]) => {
      expect(davit[index]).toEqual(docker[index]);
    });

    test.for(lines(false))("%s, but for a documented difference", ([, index]) => {
      expect(davit[index]).not.toEqual(docker[index]);
    });
  });
}

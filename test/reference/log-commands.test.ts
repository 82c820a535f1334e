import { readFile } from "node:fs/promises";
import { findPeer, startDavitd, startDockerd, type TestEngine } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import { filesOf, logScript } from "./log-script.ts";
import { type Answer, typeScript } from "./type-script.ts";

interface Outcome {
  readonly answers: readonly Answer[];
  /** Of each container, without times. */
  readonly files: readonly string[];
}

async function outcomeOf(start: () => Promise<TestEngine>): Promise<Outcome> {
  await using engine = await start();
  const answers = await typeScript(engine, logScript, { places: {}, cli: findPeer("docker") });
  const files: string[] = [];
  for (const name of filesOf) {
    const path = await engine.ok(["inspect", "--format", "{{.LogPath}}", name]);
    files.push((await readFile(path, "utf8")).replaceAll(/"time":"[\dT:.-]+Z"/g, '"time":"{time}"'));
  }
  return { answers, files };
}

describe("davitd gives the output of containers as dockerd gives it", () => {
  let davit: Outcome = { answers: [], files: [] };
  let docker = davit;
  beforeAll(async () => {
    const both = [outcomeOf(() => startDavitd()), outcomeOf(() => startDockerd())] as const;
    // Even when the one has failed, the other is to clean up.
    await Promise.allSettled(both);
    [davit, docker] = await Promise.all(both);
  });

  const lines = (isSame: boolean) =>
    logScript.flatMap(({ type, differs }, index): [string, number][] =>
      (differs === undefined) === isSame ? [[`${String(index + 1)}: docker ${type}`, index]] : [],
    );

  test.for(lines(true))("%s", ([, index]) => {
    expect(davit.answers[index]).toEqual(docker.answers[index]);
  });

  test.for(lines(false))("%s, but for a documented difference", ([, index]) => {
    expect(davit.answers[index]).not.toEqual(docker.answers[index]);
  });

  test.for(filesOf.map((name, index): [string, number] => [name, index]))(
    "the file of %s is written as by dockerd",
    ([, index]) => {
      expect(davit.files[index]).toMatch(/^\{"log":/);
      expect(davit.files[index]).toEqual(docker.files[index]);
    },
  );
});

test("every difference of log commands is documented", async () => {
  const documented = await documentedDifferences();
  const named = new Set(logScript.flatMap(({ differs }) => differs ?? []));
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

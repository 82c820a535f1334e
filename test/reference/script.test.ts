import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  repository,
  startDavitd,
  startDockerd,
  startDockerRegistry,
  TempDir,
  type TestEngine,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { preparePlaces } from "./places.ts";
import { leftOut, script } from "./script.ts";
import { type Answer, typeScript } from "./type-script.ts";

/** The headings of the documented differences, as their anchors. */
async function differences(): Promise<ReadonlySet<string>> {
  const text = await readFile(join(repository, "docs/differences.md"), "utf8");
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slug(heading)));
}

/** Each engine has a registry of its own, so that what the one pushes is new to the other's. */
async function answersOf(start: () => Promise<TestEngine>): Promise<readonly Answer[]> {
  await using dir = await TempDir.create("ref");
  await using cleanup = new AsyncDisposableStack();
  const registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  const places = { ...(await preparePlaces(dir)), registry: registry.host };
  await using engine = await start();
  return await typeScript(engine, script, places);
}

describe("davitd answers what dockerd answers", () => {
  let davit: readonly Answer[] = [];
  let docker: readonly Answer[] = [];
  beforeAll(async () => {
    [davit, docker] = await Promise.all([answersOf(() => startDavitd()), answersOf(startDockerd)]);
  });

  const lines = script.map(({ type, differs }, index) => ({ type, differs, index, line: index + 1 }));

  test.for(lines.filter(({ differs }) => differs === undefined))("line $line: docker $type", ({ index }) => {
    expect(davit[index]).toEqual(docker[index]);
  });

  test.for(lines.filter(({ differs }) => differs !== undefined))(
    "line $line: docker $type (differs: $differs)",
    ({ index }) => {
      expect(davit[index]).not.toEqual(docker[index]);
    },
  );
});

test("every difference is documented, and every line that differs names one", async () => {
  const documented = await differences();
  const named = new Set([...script, ...leftOut].flatMap(({ differs }) => differs ?? []));
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

test("the script types at least forty lines", () => expect(script.length).toBeGreaterThanOrEqual(40));

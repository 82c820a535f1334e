import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  findPeer,
  type PluginAnswer,
  PluginReply,
  pluginError,
  startDavitd,
  startDockerd,
  startPluginServer,
  TempDir,
  type TestEngine,
  volumeAnswers,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";
import { type RecordedAnswer, type RecordedStep, recordScript } from "./recorded-calls.ts";
import { unmanagedScript } from "./unmanaged-script.ts";

/** A driver of volumes that refuses, in each of the ways there are, what it is told to. */
function answersBelow(root: string): Readonly<Record<string, PluginAnswer>> {
  const answers = volumeAnswers(root);
  const refusals: Readonly<Record<string, unknown>> = {
    err: { Err: "will not" },
    status: pluginError("will not"),
    text: new PluginReply(418, "teapot\n"),
    garbage: "<html>",
  };
  return {
    ...answers,
    "VolumeDriver.Create": (body, call) => {
      const refused = /"refuse":"(\w+)"/.exec(call.rawBody)?.[1];
      return refused === undefined ? answers["VolumeDriver.Create"]?.(body, call) : refusals[refused];
    },
  };
}

async function recordAt(start: () => Promise<TestEngine>): Promise<readonly RecordedAnswer[]> {
  await using dir = await TempDir.create("rec");
  await using engine = await start();
  const listen = (name: string) => ({ socket: join(engine.pluginSocketDir, `${name}.sock`) });
  await using server = await startPluginServer({
    implements: ["VolumeDriver"],
    answers: answersBelow(dir.path),
    listen: listen("rec"),
  });
  await using _other = await startPluginServer({
    implements: ["NetworkDriver"],
    answers: {},
    listen: listen("other"),
  });
  await writeFile(join(engine.pluginSpecDir, "broken.json"), '{"Name":"broken",}');
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  return await recordScript(engine, unmanagedScript, {
    server,
    places: { root: dir.path },
    cli: findPeer("docker"),
  });
}

describe("davitd says and asks what dockerd does with a plugin that it does not manage", () => {
  let davit: readonly RecordedAnswer[] = [];
  let docker: readonly RecordedAnswer[] = [];
  beforeAll(async () => {
    const both = [recordAt(() => startDavitd()), recordAt(startDockerd)] as const;
    await Promise.allSettled(both);
    [davit, docker] = await Promise.all(both);
  });

  // Titles as arrays, because vitest cuts what it takes from objects.
  const lines = (of: (step: RecordedStep) => string | undefined, isSame: boolean) =>
    unmanagedScript.flatMap((step, index): [string, number][] =>
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
    const withoutGet = (calls: readonly string[]) =>
      calls.filter((call) => !call.startsWith("VolumeDriver.Get "));
    expect(own).not.toEqual(other);
    expect(withoutGet(own)).toEqual(withoutGet(other));
  });

  test("each difference is documented", async () => {
    const documented = await documentedDifferences();
    const named = unmanagedScript.flatMap(({ differs, callsDiffer }) =>
      [differs ?? [], callsDiffer ?? []].flat(),
    );
    expect(named.filter((heading) => !documented.has(heading))).toEqual([]);
  });
});

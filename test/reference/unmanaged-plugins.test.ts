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
import { type RecordedAnswer, recordScript } from "./recorded-calls.ts";
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

  const titled = unmanagedScript.map(
    (step, index) => [`${String(index + 1)}: docker ${step.type}`, index] as const,
  );

  test.for(titled)("%s", ([, index]) => {
    const { differs } = unmanagedScript[index] ?? {};
    if (differs === undefined) expect(davit[index]?.answer).toEqual(docker[index]?.answer);
    else expect(davit[index]?.answer).not.toEqual(docker[index]?.answer);
  });

  test.for(titled)("%s: calls of the plugin", ([, index]) => {
    const { callsDiffer } = unmanagedScript[index] ?? {};
    const [own, other] = [davit[index]?.calls, docker[index]?.calls];
    if (callsDiffer === undefined) {
      expect(own).toEqual(other);
      return;
    }
    const withoutGet = (calls = own) => calls?.filter((call) => !call.startsWith("VolumeDriver.Get "));
    expect(own).not.toEqual(other);
    expect(withoutGet()).toEqual(withoutGet(other));
  });

  test("each difference is documented", async () => {
    const documented = await documentedDifferences();
    const named = unmanagedScript.flatMap(({ differs, callsDiffer }) =>
      [differs ?? [], callsDiffer ?? []].flat(),
    );
    expect(named.filter((heading) => !documented.has(heading))).toEqual([]);
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxRootfs, findPeer, startPluginServer, TempDir, type TestEngine } from "@davit/testkit";
import { compareRecorded } from "./compare-recorded.ts";
import { type RecordedAnswer, recordScript } from "./recorded-calls.ts";
import { refusingVolumes } from "./refusing-volumes.ts";
import { unmanagedScript } from "./unmanaged-script.ts";

async function recordAt(start: () => Promise<TestEngine>): Promise<readonly RecordedAnswer[]> {
  await using dir = await TempDir.create("rec");
  await using engine = await start();
  const listen = (name: string) => ({ socket: join(engine.pluginSocketDir, `${name}.sock`) });
  await using server = await startPluginServer({
    implements: ["VolumeDriver"],
    answers: refusingVolumes(dir.path),
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

compareRecorded(
  "davitd says and asks what dockerd does with a plugin that it does not manage",
  unmanagedScript,
  recordAt,
);

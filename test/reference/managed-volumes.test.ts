import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  findPeer,
  type PluginAnswer,
  startPluginServer,
  TempDir,
  type TestEngine,
  writeRelayPlugin,
} from "@davit/testkit";
import { compareRecorded } from "./compare-recorded.ts";
import { managedVolumeScript } from "./managed-volume-script.ts";
import { type RecordedAnswer, recordScript } from "./recorded-calls.ts";
import { refusingVolumes } from "./refusing-volumes.ts";

const propagated = "/volumes";

/** Answers with the paths that the plugin has for what lies below a directory of the host. */
const asInside = (
  hostRoot: string,
  answers: Readonly<Record<string, PluginAnswer>>,
): Readonly<Record<string, PluginAnswer>> =>
  Object.fromEntries(
    Object.entries(answers).map(([method, answer]): [string, PluginAnswer] => [
      method,
      async (body, call) => {
        const given = await answer(body, call);
        if (typeof given !== "object" || given === null || given instanceof Error) return given;
        const { constructor } = given;
        return constructor === Object
          ? JSON.parse(JSON.stringify(given).replaceAll(hostRoot, propagated))
          : given;
      },
    ]),
  );

async function recordAt(start: () => Promise<TestEngine>): Promise<readonly RecordedAnswer[]> {
  await using dir = await TempDir.create("rec");
  await using engine = await start();
  const plugin = await writeRelayPlugin(dir.join("relay"), {
    types: ["docker.volumedriver/1.0"],
    hostDir: dir.path,
    socket: "server.sock",
    config: { PropagatedMount: propagated },
  });
  await engine.ok(["plugin", "create", "acme/rec", plugin]);
  const id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/rec"]);
  const root = join(engine.dataRoot, "plugins", id, "propagated-mount");
  await mkdir(root, { recursive: true });
  await using server = await startPluginServer({
    implements: ["VolumeDriver"],
    answers: asInside(root, refusingVolumes(root)),
    listen: { socket: dir.join("server.sock") },
  });
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  return await recordScript(engine, managedVolumeScript, {
    server,
    places: { root: dir.path },
    cli: findPeer("docker"),
  });
}

compareRecorded(
  "davitd says and asks what dockerd does with a plugin that both manage",
  managedVolumeScript,
  recordAt,
  ["VolumeDriver.Get ", "VolumeDriver.Capabilities "],
);

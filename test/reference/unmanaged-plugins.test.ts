import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startDockerd, startPluginServer } from "@davit/testkit";
import { expect, test } from "vitest";

const answers = {
  "VolumeDriver.Create": () => ({}),
  "VolumeDriver.Get": () => ({ Err: "no such volume" }),
};

test("dockerd finds a plugin by its socket and by its spec file where a test has put them", async () => {
  await using engine = await startDockerd();
  const common = { implements: ["VolumeDriver"], answers };
  const socket = join(engine.pluginSocketDir, "bysocket.sock");
  await using bySocket = await startPluginServer({ ...common, listen: { socket } });
  await using bySpec = await startPluginServer({ ...common, listen: { port: 0 } });
  await writeFile(join(engine.pluginSpecDir, "byspec.spec"), bySpec.address);
  await engine.ok(["volume", "create", "-d", "bysocket", "one"]);
  await engine.ok(["volume", "create", "-d", "byspec", "two"]);
  for (const server of [bySocket, bySpec]) {
    expect(server.methods.slice(0, 1)).toEqual(["Plugin.Activate"]);
    expect(server.methods).toContain("VolumeDriver.Create");
  }
});

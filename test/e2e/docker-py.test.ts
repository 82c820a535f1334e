import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  runCommand,
  startDockerRegistry,
  volumePluginConfig,
  writeVolumePlugin,
} from "@davit/testkit";
import { expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

test("python3-docker drives plugins, images, volumes, containers and events", async () => {
  const { engine, dir, plugin } = davitd;
  const registry = await startDockerRegistry();
  try {
    const newer = await writeVolumePlugin(
      dir.join("newer"),
      { ...volumePluginConfig, Description: "Newer" },
      "2",
    );
    await writeFile(dir.join("busybox.tar"), await busyboxRootfs());
    const script = join(import.meta.dirname, "docker-py.py");
    const args = [script, registry.host, plugin, newer, dir.join("busybox.tar")];
    // Debian's own Python is the one that Debian's packages are for.
    const answer = await runCommand("/usr/bin/python3", args, { env: engine.environment() });
    expect(answer).toEqual({ stdout: "OK\n", stderr: "", exitCode: 0 });
  } finally {
    await registry.stop();
  }
});

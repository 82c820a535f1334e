import { startDockerd, startDockerRegistry, writeVolumePlugin } from "@davit/testkit";
import { expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

test("a plugin that a Docker Engine published installs and serves, and one of ours installs there", async () => {
  const registry = await startDockerRegistry();
  try {
    await using docker = await startDockerd();
    const [theirs, ours] = [`${registry.host}/acme/theirs:1`, `${registry.host}/acme/ours:1`];
    const theirPlugin = await writeVolumePlugin(davitd.dir.join("theirs"), undefined, "theirs");
    await docker.ok(["plugin", "create", theirs, theirPlugin]);
    await davitd.engine.ok(["plugin", "create", ours, davitd.plugin]);
    await docker.ok(["plugin", "push", theirs]);
    await davitd.engine.ok(["plugin", "push", ours]);
    for (const [engine, name] of [
      [davitd.engine, theirs],
      [docker, ours],
    ] as const) {
      await engine.ok(["plugin", "install", "--grant-all-permissions", "--alias", "acme/got", name]);
      expect(await engine.ok(["volume", "create", "--driver", "acme/got", "v"])).toBe("v");
      await engine.ok(["volume", "rm", "v"]);
      await engine.ok(["plugin", "rm", "--force", "acme/got"]);
    }
  } finally {
    await registry.stop();
  }
});

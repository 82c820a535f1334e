import { readFile } from "node:fs/promises";
import { volumePluginConfig, writeVolumePlugin } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--plugin-start-timeout=3");
const isEnabled = (name: string) => davitd.engine.ok(["plugin", "inspect", "--format", "{{.Enabled}}", name]);

beforeAll(async () => {
  await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
});

describe("plugin enable", () => {
  test("starts the plugin and answers when its socket does", async () => {
    expect(await davitd.engine.ok(["plugin", "enable", "acme/v"])).toBe("acme/v");
    expect(await isEnabled("acme/v")).toBe("true");
    expect(await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "one"])).toBe("one");
    await davitd.engine.ok(["volume", "rm", "one"]);
  });

  test("writes the plugin's output to the daemon's log with its ID", async () => {
    const id = await davitd.engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/v"]);
    const line = await davitd.engine.line("volume plugin is listening");
    expect(line).toContain(id);
  });

  test("refuses a plugin that is enabled", async () => {
    const { stderr, exitCode } = await davitd.engine.docker(["plugin", "enable", "acme/v"]);
    expect(stderr).toBe(
      "Error response from daemon: plugin already enabled: plugin acme/v:latest is enabled\n",
    );
    expect(exitCode).toBe(1);
  });

  test("restarts a plugin that was killed, and it serves again", async () => {
    const id = await davitd.engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/v"]);
    const before = await pluginPid(id);
    const seen = davitd.engine.log.length;
    process.kill(before, "SIGKILL");
    await davitd.engine.line("volume plugin is listening", seen);
    expect(await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "after"])).toBe("after");
    expect(await pluginPid(id)).not.toBe(before);
    await davitd.engine.ok(["volume", "rm", "after"]);
  });
});

/** The plugin's process, as the documented `runc list` shows it. */
async function pluginPid(id: string): Promise<number> {
  const root = `${davitd.engine.dir}/exec/runtime-runc/plugins.moby`;
  const state: unknown = JSON.parse(await readFile(`${root}/${id}/state.json`, "utf8"));
  if (typeof state === "object" && state !== null && "init_process_pid" in state)
    return Number(state.init_process_pid);
  throw new Error(`plugin ${id} has no process`);
}

describe("plugin disable", () => {
  test("stops the plugin", async () => {
    expect(await davitd.engine.ok(["plugin", "disable", "acme/v"])).toBe("acme/v");
    expect(await isEnabled("acme/v")).toBe("false");
  });

  test("refuses a plugin that is disabled", async () => {
    const { stderr } = await davitd.engine.docker(["plugin", "disable", "acme/v"]);
    expect(stderr).toBe(
      "Error response from daemon: plugin is already disabled: plugin acme/v:latest found but disabled\n",
    );
  });
});

describe("plugin enable of a plugin that fails", () => {
  test("says what a plugin printed that exits at once, and leaves it disabled", async () => {
    await davitd.engine.ok(["plugin", "set", "acme/v", "BEHAVIOUR=exit"]);
    const { stderr, exitCode } = await davitd.engine.docker(["plugin", "enable", "acme/v"]);
    expect(stderr).toContain("the plugin cannot start: no such thing");
    expect(exitCode).toBe(1);
    expect(await isEnabled("acme/v")).toBe("false");
  });

  test("gives up a plugin that never listens, and leaves it disabled", async () => {
    await davitd.engine.ok(["plugin", "set", "acme/v", "BEHAVIOUR=deaf"]);
    const { stderr, exitCode } = await davitd.engine.docker(["plugin", "enable", "acme/v"]);
    expect(stderr).toContain("p.sock");
    expect(exitCode).toBe(1);
    expect(await isEnabled("acme/v")).toBe("false");
  });

  test("waits for a plugin that listens late", async () => {
    await davitd.engine.ok(["plugin", "set", "acme/v", "BEHAVIOUR=late:1"]);
    expect(await davitd.engine.ok(["plugin", "enable", "acme/v"])).toBe("acme/v");
    await davitd.engine.ok(["plugin", "disable", "acme/v"]);
  });

  test("shows the error of a plugin that answers 500", async () => {
    await davitd.engine.ok(["plugin", "set", "acme/v", "BEHAVIOUR=error"]);
    await davitd.engine.ok(["plugin", "enable", "acme/v"]);
    const { stderr } = await davitd.engine.docker(["volume", "create", "--driver", "acme/v", "x"]);
    expect(stderr).toBe("Error response from daemon: create x: VolumeDriver.Create: told to fail\n");
    await davitd.engine.ok(["plugin", "disable", "acme/v"]);
  });

  test("refuses what is not HTTP", async () => {
    await davitd.engine.ok(["plugin", "set", "acme/v", "BEHAVIOUR=garbage"]);
    await davitd.engine.ok(["plugin", "enable", "acme/v"]);
    const { stderr, exitCode } = await davitd.engine.docker(["volume", "create", "--driver", "acme/v", "x"]);
    expect(stderr).toContain("Error response from daemon: create x: ");
    expect(exitCode).toBe(1);
    expect(await davitd.engine.ok(["volume", "ls", "--quiet"])).toBe("");
    await davitd.engine.ok(["plugin", "disable", "acme/v"]);
  });

  test("names the mount whose source nobody has given", async () => {
    const mount = { Name: "data", Destination: "/x", Type: "bind", Settable: ["source"] };
    const plugin = await writeVolumePlugin(davitd.dir.join("nosource"), {
      ...volumePluginConfig,
      Mounts: [mount],
    });
    await davitd.engine.ok(["plugin", "create", "acme/nosource", plugin]);
    const { stderr } = await davitd.engine.docker(["plugin", "enable", "acme/nosource"]);
    expect(stderr).toBe("Error response from daemon: mount source is not specified\n");
    await davitd.engine.ok(["plugin", "rm", "acme/nosource"]);
  });

  test("names the device that the host lacks", async () => {
    const Linux = { ...volumePluginConfig.Linux, Devices: [{ Name: "d", Path: "/dev/no-such-device" }] };
    const plugin = await writeVolumePlugin(davitd.dir.join("nodevice"), { ...volumePluginConfig, Linux });
    await davitd.engine.ok(["plugin", "create", "acme/nodevice", plugin]);
    const { stderr } = await davitd.engine.docker(["plugin", "enable", "acme/nodevice"]);
    expect(stderr).toContain(
      'error gathering device information while adding custom device "/dev/no-such-device": ',
    );
    await davitd.engine.ok(["plugin", "rm", "acme/nodevice"]);
  });

  test("refuses an entrypoint that is not in the root file system", async () => {
    const plugin = await writeVolumePlugin(davitd.dir.join("noprogram"), {
      ...volumePluginConfig,
      Entrypoint: ["/no"],
    });
    await davitd.engine.ok(["plugin", "create", "acme/noprogram", plugin]);
    const { stderr } = await davitd.engine.docker(["plugin", "enable", "acme/noprogram"]);
    expect(stderr).toContain('exec: "/no"');
    await davitd.engine.ok(["plugin", "rm", "acme/noprogram"]);
  });
});

test("none of them leaves anything once it is removed", async () => {
  await davitd.engine.ok(["plugin", "rm", "--force", "acme/v"]);
  await expectNothingLeft(davitd.engine);
});

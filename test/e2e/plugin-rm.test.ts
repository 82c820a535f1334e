import { beforeAll, expect, test } from "vitest";
import { expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["plugin", "create", "acme/v", davitd.plugin]);
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
  await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "one"]);
});

const refusal = async (...args: readonly string[]): Promise<string> => {
  const { stderr, exitCode } = await davitd.engine.docker(args);
  expect(exitCode).toBe(1);
  return stderr;
};

test("a plugin that has a volume is in use, also after a restart of the daemon", async () => {
  const inUse = "Error response from daemon: plugin acme/v:latest is in use\n";
  expect(await refusal("plugin", "disable", "acme/v")).toBe(inUse);
  expect(await refusal("plugin", "rm", "acme/v")).toBe(inUse);
  expect(await davitd.engine.stop()).toBe(0);
  await davitd.engine.start();
  expect(await refusal("plugin", "disable", "acme/v")).toBe(inUse);
  expect(await refusal("plugin", "rm", "acme/v")).toBe(inUse);
});

test("plugin disable --force stops it all the same, and its volumes say why they cannot be had", async () => {
  await davitd.engine.ok(["plugin", "disable", "--force", "acme/v"]);
  expect(await refusal("volume", "inspect", "one")).toContain("plugin acme/v:latest found but disabled");
});

test("plugin rm refuses an enabled plugin without volumes", async () => {
  await davitd.engine.ok(["plugin", "enable", "acme/v"]);
  await davitd.engine.ok(["volume", "rm", "one"]);
  expect(await refusal("plugin", "rm", "acme/v")).toBe(
    "Error response from daemon: plugin acme/v:latest is enabled\n",
  );
});

test("plugin rm --force removes a plugin that is enabled and in use, and everything of it", async () => {
  await davitd.engine.ok(["volume", "create", "--driver", "acme/v", "--opt", "tmpfs=1", "two"]);
  expect(await davitd.engine.ok(["plugin", "rm", "--force", "acme/v"])).toBe("acme/v");
  await expectNothingLeftAfterRestart(davitd.engine);
});

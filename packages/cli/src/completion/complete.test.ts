import { expect, test } from "vitest";
import { testContext } from "../test-context.ts";
import { complete } from "./complete.ts";
import { shellScripts } from "./shell-scripts.ts";

/** Without a daemon: what is known from the commands alone. */
const words = async (...typed: readonly string[]): Promise<readonly string[]> =>
  (await complete(typed, async () => testContext({}))).map(({ word }) => word);

test.each([
  [["plu"], ["plugin"]],
  [
    ["plugin", "in"],
    ["inspect", "install"],
  ],
  [["-H", "unix:///s", "plugin", "ups"], []],
  [["-H", "unix:///s", "plugin", "up"], ["upgrade"]],
  [
    ["volume", "create", "--"],
    ["--driver", "--help", "--label", "--opt"],
  ],
  [["container", "remove", "--f"], ["--force"]],
  [["run", "--restart", "un"], ["unless-stopped"]],
  [["run", "--restart=un"], ["--restart=unless-stopped"]],
  [["run", "-it", "--rm", "--pul"], ["--pull"]],
  [
    ["completion", ""],
    ["bash", "fish", "zsh"],
  ],
  [["--con"], ["--config", "--context"]],
  [["nosuch", ""], []],
  [["plugin", "nosuch", ""], []],
  [["run", "image", "--r"], []],
  [["-H", ""], []],
])("%j is completed by %j", async (typed, expected) => {
  expect(await words(...typed)).toEqual(expected);
});

test("every script calls back for candidates", () => {
  for (const script of shellScripts.values()) expect(script).toContain("__complete -- ");
});

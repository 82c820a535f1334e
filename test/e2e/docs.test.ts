import { mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  findPeer,
  peerEnvironment,
  repository,
  runCommand,
  startDockerRegistry,
  TempDir,
} from "@davit/testkit";
import { expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

/** The blocks of a page that are fenced so, in their order. */
async function blocksOf(page: string, fence: string): Promise<readonly string[]> {
  const text = await readFile(join(repository, page), "utf8");
  return [...text.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].flatMap(([, mark, block = ""]) =>
    mark === fence ? [block] : [],
  );
}

/** The page's commands as one script; those for a running plugin come when it runs. */
async function scriptOf(page: string): Promise<string> {
  const whileRunning = await blocksOf(page, "sh test while running");
  const inOrder = await blocksOf(page, "sh test");
  return inOrder
    .flatMap((block) => (block.includes("docker volume inspect") ? [block, ...whileRunning] : [block]))
    .join("\n");
}

test("the commands of docs/plugin-authors.md do what they say, one after the other", async () => {
  await using dir = await TempDir.create("docs");
  const registry = await startDockerRegistry();
  try {
    await mkdir(dir.join("examples"));
    await symlink(join(repository, "node_modules"), dir.join("node_modules"));
    const script = (await scriptOf("docs/plugin-authors.md"))
      .replaceAll("localhost:5000", registry.host)
      .replaceAll("/run/docker/plugins/$id", join(davitd.engine.dir, "p/$id"))
      .replaceAll("/run/davit/", `${join(davitd.engine.dir, "exec")}/`);
    const env = {
      ...peerEnvironment(),
      PATH: `${dirname(findPeer("docker"))}:${peerEnvironment()["PATH"] ?? ""}`,
      DOCKER_HOST: `unix://${davitd.engine.socket}`,
      DOCKER_CONFIG: dir.path,
    };
    const { stdout, stderr, exitCode } = await runCommand("sh", ["-ec", script], { cwd: dir.path, env });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^hello$/m);
    expect(stdout).toContain('"Name":"greetings"');
    expect(stdout).toMatch(/"status": "running"/);
    expect(await davitd.engine.ok(["plugin", "ls", "--quiet"])).toBe("");
  } finally {
    await registry.stop();
  }
});

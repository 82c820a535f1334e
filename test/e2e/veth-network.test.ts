import { mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findPeer, peerEnvironment, repository, runCommand, TempDir } from "@davit/testkit";
import { expect, test } from "vitest";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork();
const page = "examples/veth-network/README.md";

test("the commands of the example's README do what they say, one after the other", {
  timeout: 180_000,
}, async () => {
  const { engine } = davitd;
  await using dir = await TempDir.create("veth");
  await symlink(join(repository, "node_modules"), dir.join("node_modules"));
  await symlink(join(repository, "examples"), dir.join("examples"));
  await mkdir(dir.join("state"));
  const text = await readFile(join(repository, page), "utf8");
  const blocks = [...text.matchAll(/^```sh test\n(.*?)^```$/gms)]
    .map(([, block = ""]) => block)
    .join("\n")
    .replace("npm run", `npm --prefix ${repository} run`)
    .replaceAll("/run/docker/plugins/", `${engine.pluginSocketDir}/`)
    .replaceAll("/var/lib/veth", dir.join("state"));
  // What a failure leaves in the background would hold the script's output open.
  const script = `trap 'kill $plugin 2>&- || :' EXIT\n${blocks}`;
  const env = {
    ...engine.environment(),
    PATH: `${dirname(findPeer("docker"))}:${peerEnvironment()["PATH"] ?? ""}`,
  };
  const [nsenter = "", ...entering] = engine.network.enter;
  const before = await engine.network.interfaces();
  const { stdout, stderr, exitCode } = await runCommand(nsenter, [...entering, "sh", "-ec", script], {
    cwd: dir.path,
    env,
    signal: AbortSignal.timeout(170_000),
  });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^10\.210\.0\.0\/24$/m);
  expect(stdout.match(/1 packets transmitted, 1 packets received/g)).toHaveLength(3);
  expect(await engine.ok(["network", "ls", "--quiet", "--filter", "type=custom"])).toBe("");
  expect(await engine.network.interfaces()).toEqual(before);
});

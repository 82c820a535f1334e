import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, repository } from "@davit/testkit";
import { beforeAll, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const daemon = useDavitd();
const node = join(repository, "node_modules/.bin/node");

beforeAll(() =>
  writeFile(
    daemon.dir.join("loaded.cjs"),
    "process.on('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')));",
  ),
);

/** Node's own modules that a program has loaded when it ends. */
async function loadedBy(program: string, ...args: readonly string[]): Promise<readonly string[]> {
  const script = `exec "$@" 2>&1 >/dev/null`;
  const command = [node, "-r", daemon.dir.join("loaded.cjs"), join(repository, "dist", program), ...args];
  const printed = await mustRun("sh", ["-c", script, "sh", ...command], {
    env: daemon.engine.environment(),
  });
  return printed.split("\n").map((line) => line.split(" ").at(-1) ?? "");
}

// Each of these takes longer to load than a command takes otherwise.
const heavy = ["internal/deps/undici/undici", "http2", "tls", "worker_threads"];

test.each([[["version"]], [["plugin", "ls"]], [["volume", "ls", "-q"]], [["--version"]]])(
  "davit %j loads nothing of Node's that it does not need",
  async (args) => {
    const loaded = await loadedBy("davit.cjs", ...args);
    expect(loaded).toContain("events");
    expect(loaded.filter((name) => heavy.includes(name))).toEqual([]);
  },
);

test.each([[["--version"]], [["plugin"]], [["nonsense"]]])(
  "davit %j is answered without what speaks to a daemon",
  async (args) => {
    expect(await loadedBy("davit.cjs", ...args).catch(String)).not.toContain("_http_client");
  },
);

test("davitd does not load Node's own HTTP client beside the one that it uses", async () => {
  expect(await loadedBy("davitd.cjs", "--version")).not.toContain("internal/deps/undici/undici");
});

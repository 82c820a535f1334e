import { join } from "node:path";
import { mustRun, repository, runCommand, TempDir } from "@davit/testkit";
import { expect, test } from "vitest";

// A whole Debian is fetched and unpacked.
const timeoutMs = 600_000;

test("the package is installed in a fresh Debian, runs a plugin, and is removed", {
  timeout: timeoutMs,
}, async () => {
  await using dir = await TempDir.create("in");
  const node = join(repository, "node_modules/.bin/node");
  const built = await mustRun(node, [join(repository, "scripts/package.ts"), `--output=${dir.path}`]);
  const { stdout, stderr, exitCode } = await runCommand(
    join(repository, "packaging/smoke-test.sh"),
    [built.trim()],
    {
      env: { PATH: process.env["PATH"] ?? "", TMPDIR: dir.path },
      signal: AbortSignal.timeout(timeoutMs),
    },
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^written$/m);
  expect(stdout).toMatch(/^smoke-test: passed$/m);
});

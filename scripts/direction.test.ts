import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { TempDir } from "@davit/testkit";
import { expect, test } from "vitest";
import { checkDirection } from "./direction.ts";

/** What the check says of a repository with one importing file. */
async function complaintsOn(file: string, source: string): Promise<readonly string[]> {
  await using dir = await TempDir.create("direction");
  const files = {
    [file]: source,
    "packages/protocol/src/index.ts": "export {};",
    "packages/testkit/src/index.ts": "export {};",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(dir.join(path)), { recursive: true });
    await writeFile(dir.join(path), text);
  }
  return checkDirection(dir.path);
}

const allowed = [
  ["packages/engine/src/services/x/x.ts", 'import { y } from "../../core/y.ts";'],
  ["packages/engine/src/adapters/x/x.ts", 'import { Y } from "@davit/protocol";'],
  ["packages/engine/src/adapters/x/x.test.ts", 'import { Y } from "@davit/testkit";'],
  ["packages/engine/src/daemon/x.ts", 'import { Y } from "../adapters/x/y.ts";'],
  ["packages/engine/src/core/x.test.ts", 'import { Y } from "node:fs";'],
] as const;

const refused = [
  ["packages/engine/src/core/x.ts", 'import { readFile } from "node:fs/promises";', "is pure"],
  ["packages/engine/src/core/x.ts", 'import type { Y } from "../services/y.ts";', "may not import"],
  ["packages/engine/src/services/x.ts", 'export { y } from "../adapters/a/y.ts";', "may not import"],
  ["packages/engine/src/adapters/a/x.ts", 'await import("../b/y.ts");', "may not import"],
  ["packages/engine/src/adapters/a/x.ts", 'import { Y } from "@davit/testkit";', "may not import"],
  ["packages/engine/src/http/x.test.ts", 'import { y } from "../adapters/a/y.ts";', "may not import"],
  ["packages/cli/src/x.ts", 'import { y } from "../../protocol/src/y.ts";', "reaches into another package"],
] as const;

for (const [file, source] of allowed) {
  test(`lets ${file} say ${source}`, async () => expect(await complaintsOn(file, source)).toEqual([]));
}

for (const [file, source, complaint] of refused) {
  test(`refuses that ${file} says ${source}`, async () => {
    expect(await complaintsOn(file, source)).toEqual([expect.stringContaining(complaint)]);
  });
}

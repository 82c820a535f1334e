import { expect, test } from "vitest";
import { branches, topLevel } from "./command-tree.ts";
import { referencePage } from "./reference-page.ts";

test("docs/cli.md tells every command and flag (rewrite it with --update=all on this file)", async () => {
  const leaves = [
    ...Object.values(branches["plugin"]?.commands ?? {}),
    ...Object.values(branches["volume"]?.commands ?? {}),
    ...Object.values(topLevel),
  ];
  const verbs = await Promise.all(leaves.map((leaf) => leaf.load()));
  const page = referencePage(verbs.map(({ grammar }) => grammar));
  await expect(page).toMatchFileSnapshot("../../../docs/cli.md");
});

import { expect, test } from "vitest";
import { branches, topLevel } from "./command-tree.ts";
import { referencePage } from "./reference-page.ts";

test("docs/cli.md tells every command and flag (rewrite it with --update=all on this file)", async () => {
  const leaves = [
    ...["plugin", "volume", "network"].flatMap((noun) => Object.values(branches[noun]?.commands ?? {})),
    ...Object.values(topLevel),
    // Those that are not at the top level too.
    ...["container", "image", "system"].flatMap((noun) => {
      const own = new Set(Object.values(topLevel));
      return Object.values(branches[noun]?.commands ?? {}).filter((leaf) => !own.has(leaf));
    }),
  ];
  const verbs = await Promise.all(leaves.map((leaf) => leaf.load()));
  const page = referencePage(verbs.map(({ grammar }) => grammar));
  await expect(page).toMatchFileSnapshot("../../../docs/cli.md");
});

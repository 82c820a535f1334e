import { expect, test } from "vitest";
import { referencePage } from "./reference-page.ts";

test("docs/daemon.md tells every setting (rewrite it with --update=all on this file)", async () => {
  await expect(referencePage()).toMatchFileSnapshot("../../../../../docs/daemon.md");
});

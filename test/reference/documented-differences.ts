import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "@davit/testkit";

/** The headings under which a difference is documented. */
export async function documentedDifferences(): Promise<ReadonlySet<string>> {
  const text = await readFile(join(repository, "docs/differences.md"), "utf8");
  return new Set([...text.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => heading));
}

import { findPeer } from "@davit/testkit";
import { expect, test } from "vitest";
import { compareScripts } from "./compare-scripts.ts";
import { documentedDifferences } from "./documented-differences.ts";
import { evened, olderScript, script } from "./script.ts";

compareScripts("28", script, async () => findPeer("docker"));

test("every difference is documented, and every line that differs names one", async () => {
  const documented = await documentedDifferences();
  const named = new Set([...script, ...olderScript, ...evened].flatMap(({ differs }) => differs ?? []));
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

test("the script types at least two hundred lines", () => expect(script.length).toBeGreaterThanOrEqual(200));

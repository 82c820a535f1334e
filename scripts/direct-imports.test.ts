import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { directImports } from "./direct-imports.ts";

const root = join(import.meta.dirname, "..");

test("a file that imports one name of an index is bundled with the file behind it alone", async () => {
  const { metafile } = await build({
    entryPoints: [join(root, "packages/cli/src/plugin/privileges.ts")],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    absWorkingDir: root,
    plugins: [
      directImports({
        package: "@davit/protocol",
        index: join(root, "packages/protocol/src/index.ts"),
        importers: join(root, "packages/cli/src"),
      }),
    ],
  });
  const inputs = Object.keys(metafile.inputs).filter((file) => file.startsWith("packages/protocol/"));
  expect(inputs.length).toBeGreaterThan(0);
  expect(inputs).not.toContain("packages/protocol/src/index.ts");
  expect(inputs).not.toContain("packages/protocol/src/engine-api/container.ts");
});

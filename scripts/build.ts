import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { directImports } from "./direct-imports.ts";

const root = join(import.meta.dirname, "..");

/** One self-contained file per program. */
const programs: Readonly<Record<string, BuildOptions>> = {
  davitd: { entryPoints: { davitd: "packages/engine/src/daemon/main.ts" } },
  // Read anew for every command: small counts. In parts it starts no sooner (measured). Names stay for stacks.
  davit: {
    entryPoints: { davit: "packages/cli/src/main.ts" },
    minify: true,
    keepNames: true,
    plugins: [
      directImports({
        package: "@davit/protocol",
        index: join(root, "packages/protocol/src/index.ts"),
        importers: join(root, "packages/cli/src"),
      }),
    ],
  },
};

const bundle = (options: BuildOptions) =>
  build({
    ...options,
    absWorkingDir: root,
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    // An ES module reads every export of each of Node's modules that it names, and some of those load much more.
    format: "cjs",
    sourcemap: "linked",
    legalComments: "none",
    logLevel: "warning",
  });

const built = await Promise.allSettled(Object.values(programs).map(bundle));
// esbuild has printed what is wrong, and where.
if (built.some(({ status }) => status === "rejected")) process.exitCode = 1;

import { build } from "esbuild";

/** One self-contained file per program; npm packages that are CommonJS still want a `require`. */
const entryPoints = {
  davitd: "packages/engine/src/daemon/main.ts",
  davit: "packages/cli/src/main.ts",
};

try {
  await build({
    absWorkingDir: `${import.meta.dirname}/..`,
    entryPoints,
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: "linked",
    legalComments: "none",
    logLevel: "warning",
    banner: {
      js: 'import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);',
    },
  });
} catch {
  // esbuild has printed what is wrong, and where.
  process.exitCode = 1;
}

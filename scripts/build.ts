import { build } from "esbuild";

/** One self-contained file per program. */
const programs = {
  davitd: "packages/engine/src/daemon/main.ts",
  davit: "packages/cli/src/main.ts",
};

const bundle = (name: string, entryPoint: string) =>
  build({
    absWorkingDir: `${import.meta.dirname}/..`,
    entryPoints: [entryPoint],
    outfile: `dist/${name}.mjs`,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: "linked",
    legalComments: "none",
    logLevel: "warning",
    // npm packages that are CommonJS still want a `require`.
    banner: {
      js: 'import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);',
    },
  });

const built = await Promise.allSettled(Object.entries(programs).map(([name, file]) => bundle(name, file)));
// esbuild has printed what is wrong, and where.
if (built.some(({ status }) => status === "rejected")) process.exitCode = 1;

import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = join(import.meta.dirname, "..");

/** The daemon is one self-contained file; the command line reads of itself only what the command at hand needs. */
const programs: Readonly<Record<string, BuildOptions>> = {
  davitd: { entryPoints: { davitd: "packages/engine/src/daemon/main.ts" } },
  davit: {
    entryPoints: { davit: "packages/cli/src/main.ts" },
    splitting: true,
    chunkNames: "davit/[name]-[hash]",
    minify: true,
    // Stacks and the names of error classes stay readable.
    keepNames: true,
    metafile: true,
  },
};

const bundle = (options: BuildOptions) =>
  build({
    ...options,
    absWorkingDir: root,
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
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

/** Parts that an earlier build left. */
async function removeStaleParts(outputs: readonly string[]): Promise<void> {
  const present = new Set(outputs.map((path) => basename(path)));
  const directory = join(root, "dist/davit");
  const stale = (await readdir(directory)).filter((name) => !present.has(name));
  await Promise.all(stale.map((name) => rm(join(directory, name), { force: true })));
}

const built = await Promise.allSettled(
  Object.values(programs).map(async (options) => {
    const { metafile } = await bundle(options);
    if (metafile !== undefined) await removeStaleParts(Object.keys(metafile.outputs));
  }),
);
// esbuild has printed what is wrong, and where.
if (built.some(({ status }) => status === "rejected")) process.exitCode = 1;

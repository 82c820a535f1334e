import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";
import { parseSync } from "oxc-parser";

/**
 * In a bundle, makes imports of a package's index imports of the files behind it: a command that wants one schema would
 * make all of them otherwise, which takes longer than what most commands do. Only for files below `importers`.
 */
export const directImports = (options: {
  readonly package: string;
  readonly index: string;
  readonly importers: string;
}): Plugin => ({
  name: "direct-imports",
  async setup(build) {
    const exported = await exportsOf(options.index);
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(`${options.importers}/`)) return undefined;
      return { contents: redirect(path, await readFile(path, "utf8")), loader: "ts" };
    });

    function originOf(path: string, name: string): Origin {
      const origin = exported.get(name);
      if (origin === undefined) throw new Error(`${path}: ${options.package} has no ${name}`);
      return origin;
    }

    function redirect(path: string, source: string): string {
      const { staticImports, staticExports } = parseSync(path, source).module;
      const imports = staticImports
        .filter(({ moduleRequest }) => moduleRequest.value === options.package)
        .map(({ start, end, entries }) => ({
          start,
          end,
          lines: entries
            .filter(({ isType }) => !isType)
            .map(({ importName, localName }) => {
              const { file, name } = originOf(path, importName.name ?? "");
              return `import { ${name} as ${localName.value} } from ${JSON.stringify(file)};`;
            }),
        }));
      const exports = staticExports
        .filter(({ entries }) => entries[0]?.moduleRequest?.value === options.package)
        .map(({ start, end, entries }) => ({
          start,
          end,
          lines: entries
            .filter(({ isType }) => !isType)
            .map(({ importName, exportName }) => {
              const { file, name } = originOf(path, importName.name ?? "");
              return `export { ${name} as ${exportName.name} } from ${JSON.stringify(file)};`;
            }),
        }));
      // From the end, so that positions stay true.
      return [...imports, ...exports]
        .sort((one, other) => other.start - one.start)
        .reduce(
          (text, { start, end, lines }) => text.slice(0, start) + lines.join(" ") + text.slice(end),
          source,
        );
    }
  },
});

interface Origin {
  readonly file: string;
  readonly name: string;
}

async function exportsOf(index: string): Promise<ReadonlyMap<string, Origin>> {
  const { module } = parseSync(index, await readFile(index, "utf8"));
  return new Map(
    module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ exportName, importName, moduleRequest, isType }): [string, Origin][] => {
        if (isType || moduleRequest === null) return [];
        const file = join(dirname(index), moduleRequest.value);
        return [[exportName.name ?? "", { file, name: importName.name ?? "" }]];
      }),
    ),
  );
}

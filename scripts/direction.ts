import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

/**
 * Which room may use which. Rooms are folders; a folder that ends in `*` makes a room of each of its children, and
 * those may not use each other. A room may always use itself. The most specific folder wins.
 */
const rooms: Readonly<Record<string, { readonly uses: readonly string[]; readonly pure?: boolean }>> = {
  "packages/protocol/src": { uses: [], pure: true },
  "packages/sdk/src": { uses: ["packages/protocol/src"] },
  "packages/cli/src": { uses: ["packages/protocol/src"] },
  "packages/engine/src/core": { uses: ["packages/protocol/src"], pure: true },
  "packages/engine/src/services": { uses: ["packages/protocol/src", "packages/engine/src/core"] },
  "packages/engine/src/linux": { uses: ["packages/engine/src/core"] },
  "packages/engine/src/adapters/*": {
    uses: ["packages/protocol/src", "packages/engine/src/core", "packages/engine/src/linux"],
  },
  "packages/engine/src/http": {
    uses: ["packages/protocol/src", "packages/engine/src/core", "packages/engine/src/services"],
  },
  "packages/engine/src/daemon": {
    uses: [
      "packages/protocol/src",
      "packages/engine/src/core",
      "packages/engine/src/linux",
      "packages/engine/src/services",
      "packages/engine/src/adapters/*",
      "packages/engine/src/http",
    ],
  },
  // The library's door.
  "packages/engine/src": {
    uses: ["packages/engine/src/core", "packages/engine/src/services", "packages/engine/src/daemon"],
  },
  // Its fakes implement the ports that the library exports.
  "packages/testkit/src": { uses: ["packages/protocol/src", "packages/engine/src"] },
  "examples/*": { uses: ["packages/sdk/src"] },
  scripts: { uses: ["packages/testkit/src"] },
  test: { uses: ["packages/protocol/src", "packages/testkit/src", "bench"] },
  bench: { uses: ["packages/testkit/src"] },
};

const testkit = "packages/testkit/src";
const isTest = (file: string): boolean => file.endsWith(".test.ts") || file.endsWith("-fixture.ts");

interface Room {
  readonly name: string;
  /** The key of `rooms`; differs from the name below a `*`. */
  readonly rule: string;
}

/** The room of a file, by the longest folder that holds it. */
function roomOf(file: string): Room | undefined {
  let found: (Room & { readonly length: number }) | undefined;
  for (const rule of Object.keys(rooms)) {
    const folder = rule.endsWith("/*") ? rule.slice(0, -2) : rule;
    if (!file.startsWith(`${folder}/`) || (found && found.length >= folder.length)) continue;
    const child = file.slice(folder.length + 1).split("/")[0] ?? "";
    found = { name: rule.endsWith("/*") ? `${folder}/${child}` : rule, rule, length: folder.length };
  }
  return found;
}

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** What a file imports or re-exports, types included. */
function importsOf(path: string): readonly Import[] {
  const source = readFileSync(path, "utf8");
  const { module } = parseSync(path, source);
  const at = (specifier: string, offset: number): Import => ({
    specifier,
    line: source.slice(0, offset).split("\n").length,
  });
  return [
    ...module.staticImports.map((entry) => at(entry.moduleRequest.value, entry.start)),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) =>
        entry.moduleRequest ? [at(entry.moduleRequest.value, statement.start)] : [],
      ),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest }) => {
      const text = source.slice(moduleRequest.start, moduleRequest.end);
      const literal = /^["'`]([^"'`$]+)["'`]$/.exec(text)?.[1];
      return literal === undefined ? [] : [at(literal, moduleRequest.start)];
    }),
  ];
}

/** A file of this repository that an import means; undefined for npm packages and Node's own modules. */
function resolveImport(root: string, from: string, specifier: string): string | undefined {
  // A package's own package.json, for its version.
  if (specifier.endsWith(".json")) return undefined;
  if (specifier.startsWith(".")) return relative(root, resolve(root, dirname(from), specifier));
  const name = /^@davit\/([^/]+)/.exec(specifier)?.[1];
  if (name === undefined) return undefined;
  const file = `packages/${name}/src/index.ts`;
  return existsSync(join(root, file)) ? file : undefined;
}

/** One import against the table; the complaint, or undefined. */
function judge(from: string, { specifier }: Import, target: string | undefined): string | undefined {
  const room = roomOf(from);
  if (!room) return `lies in no room: name its folder in scripts/direction.ts`;
  const rule = rooms[room.rule];
  if (target === undefined) {
    const isNode = specifier.startsWith("node:");
    return isNode && rule?.pure && !isTest(from)
      ? `${room.name} is pure and may not import ${specifier}`
      : undefined;
  }
  const other = roomOf(target);
  if (!other) return `imports ${specifier}, which lies in no room`;
  if (other.name === room.name) return undefined;
  if (specifier.startsWith(".") && packageOf(from) !== packageOf(target)) {
    return `reaches into another package by path (${specifier}): import it by its name`;
  }
  if (isTest(from) && other.rule === testkit) return undefined;
  return rule?.uses.includes(other.rule)
    ? undefined
    : `${room.name} may not import ${other.name} (${specifier})`;
}

const packageOf = (file: string): string => /^(?:packages|examples)\/[^/]+/.exec(file)?.[0] ?? "";

/** Every import that goes against the design's arrows, one line each. Cycles are oxlint's (`import/no-cycle`). */
export function checkDirection(root: string): readonly string[] {
  const files = globSync(["packages/*/src/**/*.ts", "{examples,scripts,test,bench}/**/*.ts"], {
    cwd: root,
    exclude: (path) => path.includes("node_modules") || path.includes("dist"),
  });
  return files.sort().flatMap((file) =>
    importsOf(join(root, file)).flatMap((entry) => {
      const complaint = judge(file, entry, resolveImport(root, file, entry.specifier));
      return complaint === undefined ? [] : [`${file}:${String(entry.line)}: ${complaint}`];
    }),
  );
}

if (import.meta.main) {
  const complaints = checkDirection(join(import.meta.dirname, ".."));
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}

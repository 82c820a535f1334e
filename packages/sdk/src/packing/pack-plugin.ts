import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const systemPath = { ...process.env, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

export interface PackOptions {
  /** The plugin's folder, with `config.json` and `src/main.ts` in it. */
  readonly source: string;
  /** Where `config.json` and `rootfs/` are made, in place of those of an earlier time; `build` in the plugin's folder unless given. */
  readonly target?: string | undefined;
  /** Programs of this system that the plugin runs, by name; the plugin finds them in `/bin`. */
  readonly programs?: readonly string[];
}

export interface PackedPlugin {
  /** An absolute path, which `docker plugin create NAME DIR` takes. */
  readonly dir: string;
  readonly sizeBytes: number;
}

/**
 * Makes of a plugin what `docker plugin create` takes: a root file system with the bundled plugin as `/main.cjs`, the Node that runs this as `/bin/node`, the
 * programs named, and the shared libraries of these. Nothing else, not even a shell.
 */
export async function packPlugin({ source, target, programs = [] }: PackOptions): Promise<PackedPlugin> {
  const dir = resolve(target ?? join(source, "build"));
  const rootfs = join(dir, "rootfs");
  rmSync(rootfs, { recursive: true, force: true });
  mkdirSync(join(rootfs, "bin"), { recursive: true });
  copyFileSync(join(source, "config.json"), join(dir, "config.json"));

  await build({
    entryPoints: [join(source, "src/main.ts")],
    outfile: join(rootfs, "main.cjs"),
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    // A CommonJS bundle starts about 15 ms sooner than the same as a module.
    format: "cjs",
    legalComments: "none",
  });

  const copyProgram = (name: string, path: string): string => {
    const copy = join(rootfs, "bin", name);
    copyFileSync(realpathSync(path), copy);
    // Some of the host's are setuid; a plugin runs as root.
    chmodSync(copy, 0o755);
    return copy;
  };
  const node = copyProgram("node", process.execPath);
  stripSymbols(node);
  const copies = [node, ...programs.map((name) => copyProgram(name, which(name)))];
  for (const library of new Set(copies.flatMap(sharedLibraries))) {
    const copy = join(rootfs, library);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(library, copy);
  }
  return { dir, sizeBytes: sizeOf(rootfs) };
}

function which(name: string): string {
  try {
    return execFileSync("sh", ["-c", 'command -v "$0"', name], { encoding: "utf8", env: systemPath }).trim();
  } catch (error) {
    throw new Error(`pack ${name}: no such program in ${systemPath.PATH}`, { cause: error });
  }
}

/** Absolute paths, the dynamic loader included, as the programs will look for them. */
function sharedLibraries(program: string): string[] {
  const lines = execFileSync("ldd", [program], { encoding: "utf8", env: systemPath }).split("\n");
  return lines.flatMap((line) => {
    if (line.includes("not found")) throw new Error(`pack ${basename(program)}: needs ${line.trim()}`);
    // The loader stands without an arrow, the others behind one.
    const found = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
    return found === undefined ? [] : [found];
  });
}

/** Saves a seventh of the size; a machine without binutils does without. */
function stripSymbols(program: string): void {
  try {
    execFileSync("strip", [program], { env: systemPath });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

const sizeOf = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

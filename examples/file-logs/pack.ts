/**
 * node pack.ts [DIR] makes DIR (build/ unless given) with config.json and rootfs/, which `docker plugin create NAME DIR` takes: the bundled plugin, the Node
 * that runs this script, and the shared libraries it needs.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const buildDir = resolve(process.argv[2] ?? join(here, "build"));
const rootfs = join(buildDir, "rootfs");

rmSync(buildDir, { recursive: true, force: true });
mkdirSync(rootfs, { recursive: true });
copyFileSync(join(here, "config.json"), join(buildDir, "config.json"));

await build({
  entryPoints: [join(here, "src/main.ts")],
  outfile: join(rootfs, "main.cjs"),
  bundle: true,
  minify: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  legalComments: "none",
});

const node = realpathSync(process.execPath);
copyIn(node, "/bin/node");
// The loader stands without an arrow, the others behind one.
for (const [, library = ""] of execFileSync("ldd", [node], { encoding: "utf8" }).matchAll(
  /(?:=> )?(\/\S+) \(0x/g,
)) {
  copyIn(library, library);
}
console.log(`${buildDir}: ready for docker plugin create`);

function copyIn(source: string, path: string): void {
  mkdirSync(dirname(join(rootfs, path)), { recursive: true });
  copyFileSync(source, join(rootfs, path));
}

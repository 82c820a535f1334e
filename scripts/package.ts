import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

/** Builds the Debian package of what the set-up has built: bundles, the pinned Node, units, a default configuration. Prints its path. */
const root = join(import.meta.dirname, "..");
const architectures = { x64: "amd64", arm64: "arm64" } as const;

/** What davitd runs, as `scripts/setup.sh` installs it; libc6 and libstdc++6 are Node's. */
const depends = [
  "runc",
  "conmon",
  "libarchive-tools",
  "perl-base",
  "socat",
  "iproute2",
  "util-linux",
  "mount",
  "ca-certificates",
  "passwd",
  "init-system-helpers",
  "libc6 (>= 2.28)",
  "libstdc++6",
];

const bundles = ["davit.cjs", "davitd.cjs"] as const;

/** Where shells look for completions. */
const completions = {
  bash: "usr/share/bash-completion/completions/davit",
  zsh: "usr/share/zsh/vendor-completions/_davit",
  fish: "usr/share/fish/vendor_completions.d/davit.fish",
} as const;

const { values } = parseArgs({ options: { output: { type: "string", default: join(root, "dist") } } });
const cpu = process.arch === "arm64" ? "arm64" : "x64";
const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const version = textField(manifest, "version");
const description = textField(manifest, "description");

function textField(object: unknown, name: string): string {
  const entries = typeof object === "object" && object !== null ? Object.entries(object) : [];
  const value: unknown = entries.find(([key]) => key === name)?.[1];
  if (typeof value !== "string") throw new Error(`package.json has no ${name}`);
  return value;
}

const stage = mkdtempSync(join(tmpdir(), "davit-deb-"));

function install(source: string, target: string, mode: number): void {
  put(readFileSync(join(root, source)), target, mode);
}

function put(content: string | Uint8Array, target: string, mode: number): void {
  const path = join(stage, target);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, content);
  chmodSync(path, mode);
}

/** The packages whose code is in the bundles, by their source maps. */
function bundledPackages(): readonly string[] {
  const names = bundles.flatMap((bundle) => {
    const map = readFileSync(join(root, `dist/${bundle}.map`), "utf8");
    return [...map.matchAll(/"[^"]*node_modules\/((?:@[^/"]+\/)?[^/"]+)\//g)].map((match) => match[1] ?? "");
  });
  return [...new Set(names)].sort();
}

function copyright(): string {
  const license = (dir: string): string => {
    const [file] = globSync("{LICENSE,LICENCE,license,COPYING}*", { cwd: dir });
    return file === undefined ? "See its home page." : readFileSync(join(dir, file), "utf8").trim();
  };
  const parts = bundledPackages().map((name): [string, string] => [
    name,
    license(join(root, "node_modules", name)),
  ]);
  const all = [
    ["Davit", `Licensed under the Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0`],
    ["Node.js (/usr/lib/davit/node)", license(join(root, `node_modules/node-linux-${cpu}`))],
    ...parts,
  ];
  return all.map(([name, text]) => `${name}\n${"=".repeat(name?.length ?? 0)}\n\n${text}\n`).join("\n\n");
}

function control(): string {
  const sizes = execFileSync("du", ["-sk", stage], { encoding: "utf8" });
  return `Package: davit
Version: ${version}
Architecture: ${architectures[cpu]}
Maintainer: Davit maintainers <maintainers@davit.invalid>
Installed-Size: ${Number.parseInt(sizes, 10)}
Depends: ${depends.join(", ")}
Recommends: iptables
Section: admin
Priority: optional
Description: ${description[0]?.toLowerCase() ?? ""}${description.slice(1)}
 davitd installs, runs and supervises Docker's managed plugins (volume drivers
 above all), and the containers, images and volumes that use them. docker,
 compose and other clients of the Engine API drive it; davit is its own
 command line.
`;
}

try {
  chmodSync(stage, 0o755);
  install(`node_modules/node-linux-${cpu}/bin/node`, "usr/lib/davit/node", 0o755);
  for (const bundle of bundles) install(`dist/${bundle}`, `usr/lib/davit/${bundle}`, 0o644);
  install("packaging/davit", "usr/bin/davit", 0o755);
  install("packaging/davitd", "usr/sbin/davitd", 0o755);
  for (const unit of ["davit.service", "davit.socket"])
    install(`packaging/${unit}`, `lib/systemd/system/${unit}`, 0o644);
  install("packaging/daemon.json", "etc/davit/daemon.json", 0o644);
  for (const page of [
    "daemon.md",
    "operations.md",
    "authorization.md",
    "api.md",
    "other-engines.md",
    "taking-over.md",
    "cli.md",
    "plugin-authors.md",
    "differences.md",
  ]) {
    if (existsSync(join(root, "docs", page))) install(`docs/${page}`, `usr/share/doc/davit/${page}`, 0o644);
  }
  for (const [shell, target] of Object.entries(completions)) {
    const script = execFileSync(process.execPath, [join(root, "dist/davit.cjs"), "completion", shell]);
    put(script, target, 0o644);
  }
  put(copyright(), "usr/share/doc/davit/copyright", 0o644);
  put(
    gzipSync(readFileSync(join(root, "CHANGELOG.md")), { level: 9 }),
    "usr/share/doc/davit/changelog.gz",
    0o644,
  );
  put(control(), "DEBIAN/control", 0o644);
  put("/etc/davit/daemon.json\n", "DEBIAN/conffiles", 0o644);
  for (const script of ["postinst", "prerm", "postrm"])
    install(`packaging/debian/${script}`, `DEBIAN/${script}`, 0o755);
  mkdirSync(values.output, { recursive: true });
  const file = join(values.output, `davit_${version}_${architectures[cpu]}.deb`);
  // gzip: xz takes minutes for Node, and saves a quarter.
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zgzip", "-z6", "--build", stage, file], {
    stdio: ["ignore", 2, 2],
  });
  process.stdout.write(`${file}\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

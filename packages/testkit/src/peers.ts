import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** The repository's root. */
export const repository = join(import.meta.dirname, "../../..");

/** Where the set-up unpacks Debian packages that must not be installed, because they would start services. */
const unpacked = join(repository, ".cache/peers/root");
const folders = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

/** `PATH` and libraries with which every peer runs, whether installed or only unpacked. */
export function peerEnvironment(): Record<string, string> {
  const triple = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return {
    PATH: [...searchPath(), ...folders.map((folder) => join(unpacked, folder))].join(":"),
    LD_LIBRARY_PATH: [`lib/${triple}`, `usr/lib/${triple}`].map((dir) => join(unpacked, dir)).join(":"),
  };
}

const searchPath = (): readonly string[] => [
  ...(process.env["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/")),
  ...folders.map((folder) => `/${folder}`),
];

/** The absolute path of another project's program, such as `dockerd`: from the `PATH`, else as unpacked. */
export function findPeer(program: string): string {
  for (const folder of peerEnvironment()["PATH"]?.split(":") ?? []) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Look in the next folder.
    }
  }
  throw new Error(`${program} is missing: run npm run setup -- --peers`);
}

import { mkdir } from "node:fs/promises";
import { EngineError } from "../../core/errors.ts";
import { removeTree } from "./remove-tree.ts";
import { runTool, saying } from "./tool.ts";

/** The kernel takes one page of options, with a byte for its end. */
const maxOptionBytes = 4095;

export interface OverlayMount {
  /** Below the root, bottom first; at least one. */
  readonly lower: readonly string[];
  /** Below the root; holds `upper` and `work`, which must exist. */
  readonly writable: string;
  readonly target: string;
}

/** What the mount table names as the source of a root's mounts: the directories in it are relative to that root. */
export const mountSource = (root: string): string => `davit:${root}`;

/**
 * Mounts an overlay. The mounting process stands in the root and names everything from there: paths stay short and need no
 * escaping, wherever the root is.
 */
export async function mountOverlay(root: string, request: OverlayMount): Promise<void> {
  const options = [
    // A writable directory may be copied or restored; with an index that would be an error.
    "index=off",
    "metacopy=off",
    "redirect_dir=nofollow",
    `lowerdir=${[...request.lower].reverse().join(":")}`,
    `upperdir=${request.writable}/upper`,
    `workdir=${request.writable}/work`,
  ].join(",");
  const context = `mounting ${request.target}`;
  if (options.length > maxOptionBytes) {
    throw new EngineError("invalid", `${context}: ${request.lower.length} layers are too many`);
  }
  const args = ["-t", "overlay", mountSource(root), "-o", options, "--", request.target];
  const run = await runTool("mount", args, { cwd: root });
  if (run.code === 0) return;
  const said = saying("mount", run);
  if (/unknown filesystem type/.test(said)) {
    throw new EngineError("unavailable", `${context}: the kernel has no overlayfs`);
  }
  if (!(await canHoldOverlay(root))) {
    throw new EngineError(
      "unavailable",
      `${context}: the file system of ${root} cannot hold an overlay; choose another with --data-root`,
    );
  }
  throw new EngineError("internal", `${context}: ${said}`);
}

/** Whether the simplest of overlays can be mounted; asked only after one failed. */
async function canHoldOverlay(root: string): Promise<boolean> {
  const probe = `staging/probe-${crypto.randomUUID()}`;
  try {
    for (const name of ["lower", "upper", "work", "target"]) {
      await mkdir(`${root}/${probe}/${name}`, { recursive: true });
    }
    const options = `lowerdir=${probe}/lower,upperdir=${probe}/upper,workdir=${probe}/work`;
    const target = `${root}/${probe}/target`;
    const run = await runTool("mount", ["-t", "overlay", "overlay", "-o", options, "--", target], {
      cwd: root,
    });
    if (run.code === 0) await runTool("umount", ["--", target]);
    return run.code === 0;
  } finally {
    await removeTree(`${root}/${probe}`);
  }
}

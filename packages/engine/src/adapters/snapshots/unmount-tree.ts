import { EngineError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { isAtOrBelow, readMountTable } from "../../linux/mount-table.ts";
import { runTool, saying } from "./tool.ts";

/** Mounts may appear or go (by propagation) while others are unmounted; so often it is looked again. */
const maxRounds = 8;

/** Unmounts everything at and below a directory, the last mounted first. */
export async function unmountTree(target: string, logger: Logger | undefined): Promise<void> {
  let reason = "mounts keep appearing";
  for (let round = 0; round < maxRounds; round++) {
    const mounts = (await readMountTable()).filter((mount) => isAtOrBelow(mount.target, target));
    if (mounts.length === 0) return;
    let progress = false;
    for (const mount of mounts.reverse()) {
      const failed = await unmountOne(mount.target, logger);
      if (failed === undefined) progress = true;
      else reason = failed;
    }
    if (!progress) break;
  }
  throw new EngineError("internal", `unmounting ${target}: ${reason}`);
}

/** Why it failed, if it did. */
async function unmountOne(target: string, logger: Logger | undefined): Promise<string | undefined> {
  // Not canonicalised: that would look the path up on a file system whose server may be dead.
  const run = await runTool("umount", ["-c", "--", target]);
  if (run.code === 0) return undefined;
  const said = saying("umount", run);
  if (!/busy/.test(said)) return said;
  logger?.warn({ target }, "unmounting lazily: the mount is in use");
  const lazy = await runTool("umount", ["-c", "-l", "--", target]);
  return lazy.code === 0 ? undefined : saying("umount", lazy);
}

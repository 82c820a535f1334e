import { EngineError } from "../../core/errors.ts";
import { runTool, saying } from "./tool.ts";

/**
 * Removes a directory with all that is in it, staying on its file system. By `rm`, because a layer may be nested deeper than the
 * longest path that the system accepts.
 */
export async function removeTree(dir: string): Promise<void> {
  const run = await runTool("rm", ["-rf", "--one-file-system", "--", dir]);
  if (run.code !== 0) throw new EngineError("internal", `removing ${dir}: ${saying("rm", run)}`);
}

import { spawnSync } from "node:child_process";
import type { Input } from "../context.ts";

/**
 * Gives every key to the program, and every byte of output to the terminal as it is, until the returned function is
 * called. Does nothing where input is no terminal.
 */
export function enterRawMode(stdin: Input): () => void {
  if (stdin.isTTY !== true) return () => undefined;
  stdin.setRawMode?.(true);
  // Node's raw mode keeps turning `\n` into `\r\n`, which breaks programs that move the cursor with it. Only the looks
  // suffer where there is no stty; leaving raw mode restores this too.
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  return () => stdin.setRawMode?.(false);
}

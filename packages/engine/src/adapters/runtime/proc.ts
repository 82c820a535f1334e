import { readFileSync } from "node:fs";
import { errnoOf } from "../../core/errors.ts";

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html

/**
 * When a process started, in clock ticks since boot: with its PID, that tells it from any later process of the same
 * number. Undefined if it is gone or only waits to be reaped.
 */
export function startTimeOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH") return undefined;
    throw error;
  }
  // The second field is the command in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? undefined : fields[19];
}

export const isAlive = ({ pid, startTime }: { readonly pid: number; readonly startTime: string }): boolean =>
  startTimeOf(pid) === startTime;

import { readFileSync } from "node:fs";
import { errnoOf } from "../../core/errors.ts";

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly startTime: string;
}

/**
 * Kills a process that leads a session with all that it has started, be it a child or in its session. `list` tells the processes
 * to look among. Those that are started meanwhile are in the same session, and found by looking again.
 */
export async function killSession(
  leader: number,
  list: () => Promise<readonly number[]>,
  kill: (pid: number) => void = (pid) => process.kill(pid, "SIGKILL"),
): Promise<void> {
  const killed = new Set<string>();
  for (;;) {
    const found = membersOf(
      leader,
      (await list()).flatMap((pid) => factsOf(pid) ?? []),
    );
    const fresh = found.filter(({ pid, startTime }) => !killed.has(`${pid} ${startTime}`));
    if (fresh.length === 0) return;
    for (const { pid, startTime } of fresh) {
      killed.add(`${pid} ${startTime}`);
      try {
        kill(pid);
      } catch (error) {
        if (errnoOf(error) !== "ESRCH") throw error;
      }
    }
  }
}

function membersOf(leader: number, all: readonly ProcessFacts[]): readonly ProcessFacts[] {
  const members = new Set([leader]);
  for (let before = 0; before < members.size; ) {
    before = members.size;
    for (const { pid, parent, session } of all) {
      if (session === leader || members.has(parent)) members.add(pid);
    }
  }
  return all.filter(({ pid }) => members.has(pid));
}

/** Undefined if it is gone or only waits to be reaped. */
function factsOf(pid: number): ProcessFacts | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH") return undefined;
    throw error;
  }
  // The second field is the command in parentheses, which may hold anything.
  const [state, parent, , session, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return undefined;
  return { pid, parent: Number(parent), session: Number(session), startTime: rest[15] ?? "" };
}

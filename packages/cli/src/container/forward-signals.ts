import { constants } from "node:os";
import { objectPath } from "../client/object-path.ts";
import type { Context } from "../context.ts";

/** Signals about this process itself: its children, its stopping and its terminal; or that cannot be caught. */
const own: ReadonlySet<string> = new Set([
  "SIGKILL",
  "SIGSTOP",
  "SIGCHLD",
  "SIGPIPE",
  "SIGURG",
  "SIGWINCH",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGCONT",
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGPROF",
  "SIGVTALRM",
  "SIGABRT",
  "SIGIOT",
  "SIGTRAP",
  "SIGSYS",
  "SIGPOLL",
  "SIGIO",
  "SIGUNUSED",
  "SIGSTKFLT",
]);

const isSignal = (name: string): name is NodeJS.Signals => name in constants.signals;

/** Every signal that reaches this process goes to the container instead, until the returned function is called. */
export function forwardSignals(context: Context, id: string): () => void {
  const names = Object.keys(constants.signals)
    .filter(isSignal)
    .filter((name) => !own.has(name));
  return context.interrupts.take(names, (name) => {
    context.client
      .run({
        method: "POST",
        path: `${objectPath("container", id)}/kill`,
        query: { signal: name.slice("SIG".length) },
        signal: context.signal,
      })
      // A container that has just ended takes no signals; its exit code tells the rest.
      .catch(() => undefined);
  });
}

/** Tells the terminal of a container or exec (by its path) the size of this one, now and when it changes. */
export function forwardSize(context: Context, path: string): () => void {
  const resize = (): void => {
    const { rows, columns } = context.out;
    if (rows === undefined || columns === undefined) return;
    context.client
      .run({
        method: "POST",
        path: `${path}/resize`,
        query: { h: rows, w: columns },
        signal: context.signal,
      })
      // Only the looks suffer.
      .catch(() => undefined);
  };
  resize();
  context.out.on("resize", resize);
  return () => context.out.off("resize", resize);
}

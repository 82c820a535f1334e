import type { Context } from "../context.ts";

/** Asks on the terminal without showing what is typed. */
export async function readSecret(context: Context, question: string): Promise<string> {
  const { stdin, out, signal, interrupts } = context;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let typed = "";
  const onData = (chunk: Buffer | string): void => {
    for (const char of chunk.toString()) {
      if (char === "\r" || char === "\n" || char === "\u0004") resolve(typed);
      else if (char === "\u0003") interrupts.raise("SIGINT");
      else if (char === "\u007F" || char === "\b") typed = typed.slice(0, -1);
      else typed += char;
    }
  };
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // Before the question: whoever types at once must not be shown.
  stdin.setRawMode?.(true);
  out.write(question);
  stdin.on("data", onData).once("error", reject);
  // A listener alone does not wake a stream that the last question has paused.
  stdin.resume();
  try {
    return await promise;
  } finally {
    stdin.off("data", onData).off("error", reject).pause();
    stdin.setRawMode?.(false);
    signal.removeEventListener("abort", onAbort);
    out.write("\n");
  }
}

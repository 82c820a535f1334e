import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { LogEntrySplitter } from "@davit/protocol";
import type { LogLine } from "./log-driver.ts";

/**
 * The lines of a FIFO until its writer closes it, or until `stopped`: what has been read by then is still given, and the rest stays in
 * the pipe. Neither opening nor reading it holds one of the few threads that Node has for files, however many there are. An entry that
 * its writer's end has cut is left out.
 */
export function openLogPipe(path: string, stopped: AbortSignal): AsyncIterable<LogLine> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return linesOf(new Socket({ fd, readable: true, writable: false }), stopped);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function* linesOf(pipe: Socket, stopped: AbortSignal): AsyncGenerator<LogLine> {
  const splitter = new LogEntrySplitter();
  let failure: Error | undefined;
  let isOver = false;
  let wake = (): void => undefined;
  const end = (): void => {
    isOver = true;
    wake();
  };
  pipe.on("readable", () => wake());
  pipe.once("end", end);
  pipe.once("close", end);
  pipe.once("error", (error) => {
    failure = error;
    end();
  });
  stopped.addEventListener("abort", end, { once: true });
  try {
    for (;;) {
      const chunk: unknown = pipe.read();
      if (chunk instanceof Uint8Array) {
        for (const { source, ...entry } of splitter.push(chunk)) {
          yield { source: source === "stderr" ? "stderr" : "stdout", ...entry };
        }
      } else if (isOver || stopped.aborted) {
        if (failure !== undefined) throw failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = () => undefined;
      }
    }
  } finally {
    stopped.removeEventListener("abort", end);
    pipe.destroy();
  }
}

import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { ProcessInput, TerminalSize } from "../../core/ports/process-input.ts";

/** What a process that has ended, or closed its input, makes of further bytes. */
const goneCodes: ReadonlySet<string> = new Set(["EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR"]);

/**
 * The attach socket and the control FIFO that conmon keeps in a bundle. The socket is one of sequenced packets, which Node
 * cannot open: socat does, with its output, the process's, thrown away because the log has it.
 */
export class ConmonInput implements ProcessInput {
  readonly #socatPath: string;

  constructor({ socatPath }: { readonly socatPath: string }) {
    this.#socatPath = socatPath;
  }

  async send(bundle: string, source: ByteStream, signal: AbortSignal): Promise<void> {
    // From within the bundle, since paths of sockets are limited to 107 bytes.
    const child = spawn(this.#socatPath, ["-", "UNIX-CONNECT:attach,type=5"], {
      cwd: bundle,
      stdio: ["pipe", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < 4096) stderr += text;
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    const kill = (): void => void child.kill();
    signal.addEventListener("abort", kill, { once: true });
    try {
      const [exitCode] = await Promise.all([ended, feed(source, child.stdin, signal)]);
      if (exitCode !== 0 && !signal.aborted && !/Broken pipe|Connection reset/.test(stderr)) {
        throw new EngineError("internal", `attach input in ${bundle}: ${stderr.trim()}`);
      }
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError("internal", `attach input in ${bundle}: ${messageOf(error)}`, { cause: error });
    } finally {
      signal.removeEventListener("abort", kill);
      child.kill();
    }
  }

  async resize(bundle: string, { rows, columns }: TerminalSize): Promise<void> {
    try {
      // Without waiting for a reader, which a monitor that has ended is not.
      await using fifo = await open(`${bundle}/winsz`, constants.O_WRONLY | constants.O_NONBLOCK);
      await fifo.write(`${rows} ${columns}\n`);
    } catch (error) {
      throw new EngineError("internal", `resize terminal in ${bundle}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

async function feed(source: ByteStream, target: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const abort = (): void => resolve();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    // An aborted pipeline waits for a source that is waiting for its client: that must not hold us up.
    await Promise.race([pipeline(source, target, { signal }), aborted]);
  } catch (error) {
    if (!goneCodes.has(errnoOf(error) ?? "")) throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

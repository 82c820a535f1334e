import type { HijackedStream } from "../client/hijack.ts";
import { objectPath } from "../client/object-path.ts";
import type { Context } from "../context.ts";
import { copyOutput } from "./multiplexed.ts";

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly detachKeys: string;
}

/** A container's streams on this process's; made before the container starts, so that nothing is lost. */
export class Attachment {
  readonly #context: Context;
  readonly #stream: HijackedStream;
  readonly #options: AttachOptions;
  #release: () => void = () => undefined;

  private constructor(context: Context, stream: HijackedStream, options: AttachOptions) {
    this.#context = context;
    this.#stream = stream;
    this.#options = options;
  }

  static async open(context: Context, id: string, options: AttachOptions): Promise<Attachment> {
    const stream = await context.client.hijack({
      method: "POST",
      path: `${objectPath("container", id)}/attach`,
      query: {
        stream: true,
        stdin: options.stdin || undefined,
        stdout: options.stdout || undefined,
        stderr: options.stderr || undefined,
        detachKeys: options.detachKeys || undefined,
      },
      signal: context.signal,
    });
    return new Attachment(context, stream, options);
  }

  /** Copies in both directions until the container's output ends. */
  async run(): Promise<void> {
    const { out, err, signal } = this.#context;
    if (this.#options.stdin) this.#forwardInput();
    const close = (): void => this.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await copyOutput(this.#stream.output, this.#options.tty, {
        out: this.#options.stdout ? out : undefined,
        err: this.#options.stderr ? err : undefined,
      });
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener("abort", close);
      this.close();
    }
  }

  close(): void {
    this.#release();
    this.#release = () => undefined;
    this.#stream.close();
  }

  #forwardInput(): void {
    const { stdin } = this.#context;
    const { input } = this.#stream;
    const raw = this.#options.tty && stdin.isTTY === true;
    if (raw) stdin.setRawMode?.(true);
    // The container may end while input is on its way: nobody is there to miss it.
    const ignore = (): void => undefined;
    input.on("error", ignore);
    stdin.on("error", ignore);
    stdin.pipe(input);
    this.#release = () => {
      stdin.unpipe(input);
      if (raw) stdin.setRawMode?.(false);
      stdin.destroy();
    };
  }
}

import type { ApiRequest } from "../client/engine-client.ts";
import type { HijackedStream } from "../client/hijack.ts";
import { objectPath } from "../client/object-path.ts";
import type { Context } from "../context.ts";
import { DetachFilter, defaultDetachKeys, parseDetachKeys } from "../terminal/detach-keys.ts";
import { enterRawMode } from "../terminal/raw-mode.ts";
import { copyOutput } from "./multiplexed.ts";

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly detachKeys: string;
  /** The container's output so far comes first. */
  readonly logs?: boolean;
}

type AttachEnd = "ended" | "detached";

/** A container's streams on this process's; made before the container starts, so that nothing is lost. */
export class Attachment {
  readonly #context: Context;
  readonly #stream: HijackedStream;
  readonly #options: AttachOptions;
  readonly #detachKeys: readonly number[];
  #detached = false;
  #release: () => void = () => undefined;

  private constructor(
    context: Context,
    stream: HijackedStream,
    options: AttachOptions,
    detachKeys: readonly number[],
  ) {
    this.#context = context;
    this.#stream = stream;
    this.#options = options;
    this.#detachKeys = detachKeys;
  }

  /** To a container's main process. */
  static async open(context: Context, id: string, options: AttachOptions): Promise<Attachment> {
    const keys = await chosenKeys(context, options.detachKeys);
    return Attachment.openAt(context, options, {
      method: "POST",
      path: `${objectPath("container", id)}/attach`,
      query: {
        stream: true,
        stdin: options.stdin || undefined,
        stdout: options.stdout || undefined,
        stderr: options.stderr || undefined,
        logs: options.logs || undefined,
        detachKeys: keys || undefined,
      },
      signal: context.signal,
    });
  }

  /** To whatever answers this request with a byte stream. */
  static async openAt(context: Context, options: AttachOptions, request: ApiRequest): Promise<Attachment> {
    const keys = await chosenKeys(context, options.detachKeys);
    const parsed = parseDetachKeys(keys || defaultDetachKeys);
    return new Attachment(context, await context.client.hijack(request), options, parsed);
  }

  /** Copies in both directions until the container's output ends, or the user leaves with the detach keys. */
  async run(): Promise<AttachEnd> {
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
    } catch (error) {
      // Closing our own side breaks the copying off.
      if (!this.#detached) throw error;
    } finally {
      signal.removeEventListener("abort", close);
      this.close();
    }
    return this.#detached ? "detached" : "ended";
  }

  close(): void {
    this.#release();
    this.#release = () => undefined;
    this.#stream.close();
  }

  #forwardInput(): void {
    const { stdin } = this.#context;
    const { input } = this.#stream;
    const leaveRawMode = this.#options.tty ? enterRawMode(stdin) : () => undefined;
    // The container may end while input is on its way: nobody is there to miss it.
    const ignore = (): void => undefined;
    input.on("error", ignore);
    stdin.on("error", ignore);
    const filter = this.#options.tty ? new DetachFilter(this.#detachKeys, () => this.#detach()) : undefined;
    if (filter === undefined) stdin.pipe(input);
    else stdin.pipe(filter).pipe(input);
    this.#release = () => {
      stdin.unpipe(filter ?? input);
      filter?.unpipe(input);
      leaveRawMode();
      stdin.destroy();
    };
  }

  #detach(): void {
    this.#detached = true;
    this.close();
  }
}

const chosenKeys = async (context: Context, given: string): Promise<string> =>
  given || ((await context.config()).detachKeys ?? "");

import type { LinePrefixOptions } from "../../core/container/log-line.ts";
import { resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { EngineError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { LogBatches, LogEntry, LogQuery } from "../../core/ports/logs.ts";
import { type ContainerPorts, publishContainerEvent } from "./container-ports.ts";
import { type OutputChunk, type OutputStreams, outputChunks } from "./output-chunks.ts";
import type { OutputReaders } from "./output-readers.ts";

export interface LogsRequest extends OutputStreams {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** What the container's log options put with each line as well. */
  readonly details: boolean;
  readonly tail: number | undefined;
  readonly since: Date | undefined;
  /** With `follow` too: the stream ends then. */
  readonly until: Date | undefined;
}

export interface AttachRequest extends OutputStreams {
  /** What was written before as well. */
  readonly logs: boolean;
  /** What is written from now on, until the container ends. */
  readonly stream: boolean;
}

export interface Output {
  readonly tty: boolean;
  readonly chunks: AsyncIterable<OutputChunk>;
}

/** What containers have written, and what they write now. */
export class ContainerOutput {
  readonly #ports: ContainerPorts;
  readonly #readers: OutputReaders;

  constructor(ports: ContainerPorts, readers: OutputReaders) {
    this.#ports = ports;
    this.#readers = readers;
  }

  async logs(typed: string, request: LogsRequest, signal: AbortSignal): Promise<Output> {
    if (!request.stdout && !request.stderr) {
      throw new EngineError("invalid", "Bad parameters: you must choose at least one stream");
    }
    const record = this.#resolve(typed);
    const follow = request.follow && record.status === "running";
    const query: LogQuery = {
      signal,
      ...(request.tail === undefined ? {} : { tail: request.tail }),
      ...(request.since === undefined ? {} : { since: request.since }),
      ...(request.until === undefined ? {} : { before: request.until }),
      ...(follow
        ? { follow, until: earliest(this.#readers.endOfRun(record.id), request.until, signal) }
        : {}),
    };
    return this.#output(record, await this.#ports.containerLogs.read(record, query), request);
  }

  /**
   * Begins now, however late the chunks are read: nothing that the container writes from here on is missed, and nothing
   * from before is given unless asked for.
   */
  attach(typed: string, request: AttachRequest, signal: AbortSignal): Output {
    const record = this.#resolve(typed);
    if (record.status === "paused") {
      throw new EngineError("conflict", `container ${typed} is paused, unpause the container before attach`);
    }
    if (record.status === "restarting") {
      throw new EngineError(
        "conflict",
        `container ${typed} is restarting, wait until the container is running`,
      );
    }
    publishContainerEvent(this.#ports.events, record, "attach");
    if (!request.stream && !request.logs) return { tty: record.config.tty, chunks: nothing() };
    const query: LogQuery = {
      signal,
      ...(request.stream ? { follow: true, until: this.#readers.endOfRun(record.id) } : {}),
    };
    const { containerLogs } = this.#ports;
    const entries = request.logs
      ? whenRead(() => containerLogs.read(record, query))
      : containerLogs.live(record.id, query);
    return this.#output(record, entries, { ...request, timestamps: false, details: false });
  }

  /** A client has typed the keys that detach it. */
  detached(typed: string): void {
    publishContainerEvent(this.#ports.events, this.#resolve(typed), "detach");
  }

  /** Passes a client's bytes to a container's standard input once it runs; nothing, if it has none. */
  async input(typed: string, source: ByteStream, signal: AbortSignal): Promise<void> {
    const { id, config } = this.#resolve(typed);
    if (!config.openStdin) return;
    const ended = this.#readers.endOfRun(id);
    const done = new AbortController();
    void ended.then(() => done.abort());
    await Promise.race([this.#readers.startOfRun(id), ended, aborted(signal)]);
    const either = AbortSignal.any([signal, done.signal]);
    if (either.aborted) return;
    await this.#ports.input.send(this.#ports.layout.container(id).bundle, source, either);
  }

  #resolve(typed: string): ContainerRecord {
    return resolveContainer(typed, this.#ports.state.containers.list());
  }

  #output(
    { id, config }: ContainerRecord,
    batches: LogBatches,
    request: OutputStreams & LinePrefixOptions,
  ): Output {
    return { tty: config.tty, chunks: this.#readers.hold(id, outputChunks(batches, request)) };
  }
}

/** Asked for when the first of it is. */
async function* whenRead(read: () => Promise<LogBatches>): AsyncGenerator<readonly LogEntry[]> {
  yield* await read();
}

/** Resolves at the end or at a time, whichever comes first. */
function earliest(ended: Promise<void>, time: Date | undefined, signal: AbortSignal): Promise<void> {
  if (time === undefined) return ended;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.min(Math.max(0, time.getTime() - Date.now()), 0x7fff_ffff));
  const clear = (): void => clearTimeout(timer);
  signal.addEventListener("abort", clear, { once: true });
  void ended.then(clear);
  return Promise.race([ended, promise]);
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

async function* nothing(): AsyncGenerator<OutputChunk, void, undefined> {
  // Ends at once.
}

import type { Awaitable } from "../awaitable.ts";
import type { Call } from "../rpc/rpc-method.ts";

/** A container whose output comes to the plugin. */
export interface LogContainer {
  readonly id: string;
  /** Without a leading slash. */
  readonly name: string;
  readonly entrypoint: string;
  readonly args: readonly string[];
  readonly imageId: string;
  readonly imageName: string;
  readonly createdAt: Date;
  /** As `NAME=value`. */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `--log-opt key=value`, or the daemon's. */
  readonly options: Readonly<Record<string, string>>;
}

/** One line of output, or a piece of one. */
export interface LogLine {
  readonly source: "stdout" | "stderr";
  /** Nanoseconds since 1970. */
  readonly timeNano: bigint;
  /** The bytes as they were written, not necessarily UTF-8, without the newline. */
  readonly line: Uint8Array;
  /** A piece of a line: a line of over 16 KiB comes in several, and one without a newline at the end of the output is one. */
  readonly partial: boolean;
  /** Which piece of which line, counted from 1; the last one of a line that ends with a newline says so. */
  readonly piece?: { readonly id: string; readonly ordinal: number; readonly last: boolean } | undefined;
}

export interface LogQuery {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Only the last so many lines; absent for all. */
  readonly tail?: number | undefined;
  /** Go on with what comes, until the container ends. */
  readonly follow: boolean;
}

/** What a log plugin does. */
export interface LogDriver {
  /**
   * A container is about to start. What it throws is shown to the user behind the engine's own words (`failed to initialize logging
   * driver: error creating logger: <message>`), and the container does not start: the place to check options.
   */
  accept?(container: LogContainer, call: Call): Awaitable<void>;

  /**
   * Takes one run's output: `lines` ends when the container or its engine does. Nothing is read ahead of it, so a slow one is waited
   * for by the engine, as far as the container's options say. It may be called for one container again: for each of its runs, when
   * the plugin or the engine was started anew, and before `read` of a container that does not run. What it throws is logged.
   */
  log(container: LogContainer, lines: AsyncIterable<LogLine>): Promise<void>;

  /** `docker logs`. Without it the engine shows what it keeps itself. `call.signal` fires when nobody reads any more. */
  read?(container: LogContainer, query: LogQuery, call: Call): AsyncIterable<LogLine>;
}

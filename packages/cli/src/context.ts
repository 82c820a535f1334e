import type { Readable, Writable } from "node:stream";
import type { ConfigFile } from "./auth/config-file.ts";
import type { EngineClient } from "./client/engine-client.ts";
import type { Interrupts } from "./terminal/interrupts.ts";
import type { LineReader } from "./terminal/line-reader.ts";

/** An output stream that may be a terminal. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** An input stream that may be a terminal. */
export type Input = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

/** Everything that a command may touch; nothing else of the process is used by commands. */
export interface Context {
  readonly client: EngineClient;
  readonly out: Output;
  readonly err: Output;
  readonly stdin: Input;
  readonly lines: LineReader;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For relative paths. */
  readonly cwd: string;
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal;
  readonly interrupts: Interrupts;
  /** The client's configuration file, read once. */
  config(): Promise<ConfigFile>;
  /** Writes it back; `config()` answers this one from then on. */
  saveConfig(config: ConfigFile): Promise<void>;
}

export const printLine = (output: Output, text: string): void => {
  output.write(`${text}\n`);
};

import { EventEmitter } from "node:events";
import { PassThrough, Readable } from "node:stream";
import type { ConfigFile } from "./auth/config-file.ts";
import { parseEndpoint } from "./client/endpoint.ts";
import { EngineClient } from "./client/engine-client.ts";
import type { Context } from "./context.ts";
import type { Surroundings } from "./run-cli.ts";
import { Interrupts } from "./terminal/interrupts.ts";
import { LineReader } from "./terminal/line-reader.ts";

export interface TestContext extends Context {
  /** What was printed since the last call. */
  printed(): { readonly out: string; readonly err: string };
}

/** A context for tests: streams in memory, signals from nowhere. */
export function testContext(options: {
  readonly host?: string;
  readonly input?: string;
  readonly stdin?: Readable;
  readonly cwd?: string;
  readonly config?: ConfigFile;
}): TestContext {
  const out = new PassThrough();
  const err = new PassThrough();
  const stdin = options.stdin ?? Readable.from(options.input ? [options.input] : []);
  let config: ConfigFile = options.config ?? {};
  const interrupts = new Interrupts(new EventEmitter());
  return {
    client: new EngineClient(parseEndpoint(options.host ?? "unix:///nonexistent/davit.sock")),
    out,
    err,
    stdin,
    lines: new LineReader(stdin),
    env: {},
    cwd: options.cwd ?? "/",
    signal: interrupts.signal,
    interrupts,
    config: async () => config,
    async saveConfig(changed) {
      config = changed;
    },
    printed: () => ({ out: String(out.read() ?? ""), err: String(err.read() ?? "") }),
  };
}

/** For a command line that runs in this context. */
export const surroundingsOf = (context: Context): Surroundings => ({
  out: context.out,
  err: context.err,
  createContext: async () => context,
});

import * as z from "zod";
import { type ConfigFile, configPath, readConfigFile } from "./auth/config-file.ts";
import { resolveEndpoint } from "./client/choose-endpoint.ts";
import { EngineClient } from "./client/engine-client.ts";
import type { Context } from "./context.ts";
import type { GlobalFlags } from "./global-options.ts";
import type { Interrupts } from "./terminal/interrupts.ts";
import { LineReader } from "./terminal/line-reader.ts";

/** What a command may touch of this process. */
export interface ProcessContext {
  readonly context: Context;
  /** Lets go of what would keep the process. */
  close(): void;
}

/** The daemon, the configuration and the input are reached for when a command first asks for them. */
export function processContext(flags: GlobalFlags, interrupts: Interrupts): ProcessContext {
  // Compiling a validator takes longer than the one answer that it would read.
  z.config({ jitless: true });
  const env = flags.config === "" ? process.env : { ...process.env, DOCKER_CONFIG: flags.config };
  let client: EngineClient | undefined;
  let config: ConfigFile | undefined;
  let lines: LineReader | undefined;
  const readConfig = (): ConfigFile => {
    config ??= readConfigFile(configPath(env));
    return config;
  };
  const context: Context = {
    // A command's help needs no daemon, and no valid address of one.
    get client() {
      client ??= new EngineClient(
        resolveEndpoint(flags, env, () => readConfig().currentContext),
        {
          apiVersion: env["DAVIT_API_VERSION"] || env["DOCKER_API_VERSION"],
          headers: readConfig().HttpHeaders,
        },
      );
      return client;
    },
    out: process.stdout,
    err: process.stderr,
    get stdin() {
      return process.stdin;
    },
    get lines() {
      lines ??= new LineReader(process.stdin);
      return lines;
    },
    env,
    cwd: process.cwd(),
    signal: interrupts.signal,
    interrupts,
    config: async () => readConfig(),
    async saveConfig(changed) {
      const { saveConfigFile } = await import("./auth/save-config-file.ts");
      await saveConfigFile(configPath(env), changed);
      config = changed;
    },
  };
  return {
    context,
    close() {
      client?.close();
      // Input that nobody reads any more must not keep the process.
      if (lines !== undefined) process.stdin.destroy();
    },
  };
}

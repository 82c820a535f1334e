#!/usr/bin/env node
import { type ConfigFile, configPath, readConfigFile } from "./auth/config-file.ts";
import { saveConfigFile } from "./auth/save-config-file.ts";
import { resolveEndpoint } from "./client/choose-endpoint.ts";
import { EngineClient } from "./client/engine-client.ts";
import type { Context } from "./context.ts";
import { errnoOf, Failure, messageOf } from "./failure.ts";
import type { GlobalFlags } from "./global-options.ts";
import { runCli } from "./run-cli.ts";
import { exitCodeOf, Interrupts } from "./terminal/interrupts.ts";
import { LineReader } from "./terminal/line-reader.ts";

const { stdout, stderr } = process;
const interrupts = new Interrupts(process);
let client: EngineClient | undefined;
let config: ConfigFile | undefined;
let lines: LineReader | undefined;

function createContext(flags: GlobalFlags): Context {
  const env = flags.config === "" ? process.env : { ...process.env, DOCKER_CONFIG: flags.config };
  const readConfig = (): ConfigFile => {
    config ??= readConfigFile(configPath(env));
    return config;
  };
  return {
    // Help and completions need no daemon, and no valid address of one.
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
    out: stdout,
    err: stderr,
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
      await saveConfigFile(configPath(env), changed);
      config = changed;
    },
  };
}

stdout.on("error", (error) => {
  // `davit plugin ls | head -1` is no failure.
  process.exit(errnoOf(error) === "EPIPE" ? 0 : 1);
});

try {
  process.exitCode = await runCli(process.argv.slice(2), createContext);
} catch (error) {
  if (interrupts.received !== undefined) {
    process.exitCode = exitCodeOf(interrupts.received);
  } else {
    process.exitCode = error instanceof Failure ? error.exitCode : 1;
    const message = messageOf(error);
    if (message !== "") stderr.write(`${message}\n`);
  }
} finally {
  client?.close();
  interrupts.close();
  // Input that nobody reads any more must not keep the process.
  if (lines !== undefined) process.stdin.destroy();
}

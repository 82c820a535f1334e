#!/usr/bin/env node
import { configPath, readConfigFile, type ConfigFile } from "./auth/config-file.ts";
import { chooseHost, parseEndpoint } from "./client/endpoint.ts";
import { EngineClient } from "./client/engine-client.ts";
import type { Context } from "./context.ts";
import { errnoOf, Failure, messageOf } from "./failure.ts";
import { runCli } from "./run-cli.ts";
import { exitCodeOf, Interrupts } from "./terminal/interrupts.ts";
import { LineReader } from "./terminal/line-reader.ts";

const { env, stdout, stderr } = process;
const interrupts = new Interrupts(process);
let client: EngineClient | undefined;
let config: Promise<ConfigFile> | undefined;
let lines: LineReader | undefined;

const createContext = (host: string | undefined): Context => ({
  // Help and completions need no daemon, and no valid address of one.
  get client() {
    client ??= new EngineClient(parseEndpoint(chooseHost(host, env)), {
      apiVersion: env["DAVIT_API_VERSION"] || env["DOCKER_API_VERSION"],
    });
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
  config() {
    config ??= readConfigFile(configPath(env));
    return config;
  },
});

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

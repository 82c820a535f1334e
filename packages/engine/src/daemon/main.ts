import { rmSync, writeFileSync } from "node:fs";
import { EngineError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/ports/logger.ts";
import { describeAddress } from "../http/listen-address.ts";
import { parseCommandLine } from "./configuration/command-line.ts";
import { readConfigFile } from "./configuration/config-file.ts";
import { type Configuration, mergeConfiguration } from "./configuration/configuration.ts";
import { options } from "./configuration/options.ts";
import { createEngine } from "./engine.ts";
import { listenAddresses } from "./listen-addresses.ts";
import { createLogger } from "./logging.ts";
import { version } from "./version.ts";

/** Runs the daemon until it is asked to stop; answers its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(argv, version);
  if (line.kind === "exit") return line.exitCode;
  const configFile = line.given[options.configFile.key];
  const file = readConfigFile(typeof configFile === "string" ? configFile : options.configFile.fallback);
  const configuration = mergeConfiguration(line.given, file.given);
  if (line.validate) {
    process.stdout.write("configuration OK\n");
    return 0;
  }
  if (process.getuid?.() !== 0) {
    throw new EngineError("forbidden", "starting davitd: it needs root, for mounts, namespaces and devices");
  }
  const level = configuration.debug ? "debug" : configuration.logLevel;
  const logger = createLogger({ level, format: configuration.logFormat });
  for (const warning of [...line.warnings, ...file.warnings]) logger.warn({}, warning);
  await serve(configuration, logger);
  return 0;
}

async function serve(configuration: Configuration, logger: Logger): Promise<void> {
  const stopSignal = nextStopSignal();
  const engine = await createEngine(configuration, logger);
  try {
    const { restored } = await engine.begin();
    for (const address of listenAddresses(configuration, process.env)) {
      const bound = await engine.server.listen(address);
      logger.info({}, `API listen on ${bound.kind === "unix" ? bound.path : describeAddress(bound)}`);
    }
    if (configuration.pidFile !== "") writeFileSync(configuration.pidFile, `${process.pid}\n`);
    await Promise.race([restored, stopSignal]);
    logger.info({}, "Daemon has completed initialization");
    const signal = await stopSignal;
    logger.info({ signal }, "stopping");
  } finally {
    await engine.stop();
    if (configuration.pidFile !== "") rmSync(configuration.pidFile, { force: true });
  }
  logger.info({}, "stopped");
}

/** The first request to stop; a second one ends the process at once. */
function nextStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (asked) process.exit(128 + (signal === "SIGINT" ? 2 : 15));
        asked = true;
        resolve(signal);
      });
    }
  });
}

main(process.argv.slice(2)).then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`davitd: ${messageOf(error)}\n`);
    process.exit(1);
  },
);

import { rmSync, writeFileSync } from "node:fs";
import { EngineError, errnoOf, messageOf } from "../core/errors.ts";
import { describeAddress } from "../http/listen-address.ts";
import { parseCommandLine } from "./configuration/command-line.ts";
import { type Configuration, logLevelOf } from "./configuration/configuration.ts";
import type { Given } from "./configuration/options.ts";
import { readConfiguration } from "./configuration/read-configuration.ts";
import { exitOnFault } from "./crash.ts";
import { createEngine, type Engine } from "./engine.ts";
import { listenAddresses, openAddresses } from "./listen-addresses.ts";
import { createLogger, type DaemonLogger } from "./logging.ts";
import { notifyServiceManager } from "./service-manager.ts";
import { nextStopSignal, type ReloadRequests, reloadRequests } from "./signals.ts";
import { version } from "./version.ts";

/** Runs the daemon until it is asked to stop; answers its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(argv, version);
  if (line.kind === "print") {
    process.stdout.write(line.text);
    return 0;
  }
  if (line.kind === "wrong") {
    process.stderr.write(`davitd: ${line.problem}\nSee 'davitd --help'.\n`);
    return 1;
  }
  const { configuration, warnings } = readConfiguration(line.given);
  if (line.validate) {
    for (const warning of [...line.warnings, ...warnings]) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write("configuration OK\n");
    return 0;
  }
  if (process.getuid?.() !== 0) {
    throw new EngineError("forbidden", "starting davitd: it needs root, for mounts, namespaces and devices");
  }
  const { logFormat } = configuration;
  const logger = createLogger({ level: logLevelOf(configuration), format: logFormat, out: process.stderr });
  exitOnFault(logger);
  const signals = { stop: nextStopSignal(), reloads: reloadRequests() };
  for (const warning of [...line.warnings, ...warnings]) logger.warn({}, warning);
  await serve({ configuration, flags: line.given, logger, signals });
  return 0;
}

interface Service {
  readonly configuration: Configuration;
  readonly flags: Given;
  readonly logger: DaemonLogger;
  readonly signals: { readonly stop: Promise<NodeJS.Signals>; readonly reloads: ReloadRequests };
}

async function serve({ configuration, flags, logger, signals }: Service): Promise<void> {
  const addresses = listenAddresses(configuration, process.env);
  for (const address of openAddresses(addresses)) {
    logger.warn(
      {},
      `API is accessible on ${describeAddress(address)} without a client certificate: whoever reaches it is root on this machine; use --tlsverify`,
    );
  }
  const engine = await createEngine(configuration, logger);
  try {
    const asked = new AbortController();
    void signals.stop.then(() => asked.abort());
    const { restored } = await engine.begin(asked.signal);
    for (const address of addresses) {
      const bound = await engine.server.listen(address);
      logger.info({}, `API listen on ${bound.kind === "unix" ? bound.path : describeAddress(bound)}`);
    }
    if (configuration.pidFile !== "") writeFileSync(configuration.pidFile, `${process.pid}\n`);
    let reloaded = Promise.resolve();
    signals.reloads.serve(() => {
      reloaded = reloaded.then(() => reload(engine, configuration.configFile, flags, logger));
    });
    const isStopped = await Promise.race([restored.then(() => false), signals.stop.then(() => true)]);
    if (!isStopped) {
      logger.info({}, "Daemon has completed initialization");
      await notifyServiceManager("ready", { environment: process.env, logger });
    }
    const signal = await signals.stop;
    logger.info({ signal }, "stopping");
    await notifyServiceManager("stopping", { environment: process.env, logger });
  } finally {
    await engine.stop();
    if (configuration.pidFile !== "") rmSync(configuration.pidFile, { force: true });
  }
  logger.info({}, "stopped");
}

/** Reads the file again, and takes over what can be taken over; a file that is wrong changes nothing. */
async function reload(engine: Engine, path: string, flags: Given, logger: DaemonLogger): Promise<void> {
  logger.info({}, `Got signal to reload configuration, reloading from: ${path}`);
  try {
    const { configuration: wanted, warnings } = readConfiguration(flags);
    const { configuration, applied, waiting } = await engine.reload(wanted);
    logger.setLevel(logLevelOf(configuration));
    for (const warning of warnings) logger.warn({}, warning);
    for (const key of waiting)
      logger.warn({ key }, "changed setting takes effect at the daemon's next start");
    logger.info({ applied: applied.join(",") }, "Reloaded configuration");
  } catch (error) {
    logger.error({}, `settings are not reloaded, those before stay in force: ${messageOf(error)}`);
  }
}

/** Why the daemon did not start, or did not stop as it should. */
function explain(error: unknown): string {
  const causes: unknown[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(at);
  const isFull = causes.some(
    (at) => errnoOf(at) === "ENOSPC" || /disk is full|no space left/i.test(messageOf(at)),
  );
  return isFull ? `${messageOf(error)}: free some space there, then start it again` : messageOf(error);
}

main(process.argv.slice(2)).then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`davitd: ${explain(error)}\n`);
    process.exit(1);
  },
);

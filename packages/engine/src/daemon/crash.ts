import type { DaemonLogger } from "./logging.ts";

/** A fault that nobody handled leaves the engine in a state that nobody knows: it is told, and the process ends. */
export function exitOnFault(logger: DaemonLogger): void {
  process.on("uncaughtException", (error, origin) => {
    logger.fatal({ err: error, origin }, "the daemon has a fault and ends; plugins and containers go on");
    process.exit(1);
  });
}

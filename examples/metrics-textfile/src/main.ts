import { createLineLogger, servePlugin } from "@davit/sdk";
import { TextfileCollector } from "./textfile-collector.ts";

async function main(): Promise<void> {
  const logger = createLineLogger();
  const metricsCollector = new TextfileCollector({
    // `propagatedMount` in config.json: what lies below it is seen on the host.
    dir: "/metrics",
    intervalMs: seconds(process.env["INTERVAL"]) * 1000,
    only: new RegExp(process.env["ONLY"] ?? ""),
    logger,
  });
  const server = await servePlugin({ metricsCollector }, { socket: "metrics-textfile.sock", logger });
  await server.stopped;
  await metricsCollector.stopMetrics();
}

function seconds(text = "15"): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`INTERVAL: expected a number of seconds, got ${JSON.stringify(text)}`);
  return value;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

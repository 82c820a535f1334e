import { createLineLogger, servePlugin } from "@davit/sdk";
import { LocalVolumeDriver } from "./local-volume-driver.ts";

/**
 * `propagatedMount` in config.json: what is mounted below it appears on the host, and it outlives upgrades. Where no engine manages
 * the plugin it is any directory of the host.
 */
const baseDir = process.env["BASE_DIR"] ?? "/mnt/volumes";

async function main(): Promise<void> {
  const logger = createLineLogger({ debug: process.env["DEBUG"] === "1" });
  const volumeDriver = await LocalVolumeDriver.open(baseDir);
  await servePlugin({ volumeDriver }, { socket: "local-volumes.sock", logger });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

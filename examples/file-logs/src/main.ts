import { createLineLogger, servePlugin } from "@davit/sdk";
import { FileLogDriver } from "./file-log-driver.ts";

async function main(): Promise<void> {
  // `propagatedMount` in config.json: what lies below it is seen on the host, and outlives upgrades.
  const logDriver = await FileLogDriver.open(process.env["DIR"] ?? "/logs");
  const socket = process.env["SOCKET"] ?? "file-logs.sock";
  await servePlugin({ logDriver }, { socket, logger: createLineLogger() });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

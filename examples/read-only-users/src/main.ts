import { createLineLogger, servePlugin } from "@davit/sdk";
import { policyOf, ReadOnlyUsers } from "./policy.ts";

async function main(): Promise<void> {
  const authorizer = new ReadOnlyUsers(policyOf(process.env));
  await servePlugin({ authorizer }, { socket: "read-only-users.sock", logger: createLineLogger() });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

import { runCommand } from "@davit/testkit";
import { expect, test } from "vitest";

const script = `
  const { createLogger } = await import(${JSON.stringify(`${import.meta.dirname}/logging.ts`)});
  const { exitOnFault } = await import(${JSON.stringify(`${import.meta.dirname}/crash.ts`)});
  exitOnFault(createLogger({ level: "info", format: "text", out: process.stderr }));
  setInterval(() => undefined, 1000);
`;

test.each([
  ["Promise.reject(new Error('lost'));", "unhandledRejection"],
  ["setImmediate(() => { throw new Error('lost'); });", "uncaughtException"],
])("a process with %s tells it with its stack and exits with code 1", async (fault, origin) => {
  const { stderr, exitCode } = await runCommand(process.execPath, [
    "--input-type=module",
    "-e",
    script + fault,
  ]);
  expect(stderr).toContain("level=fatal");
  expect(stderr).toContain(`error=lost stack="Error: lost\\n    at `);
  expect(stderr).toContain(`origin=${origin}`);
  expect(exitCode).toBe(1);
});

#!/usr/bin/env node
import type { Context } from "./context.ts";
import { errnoOf, Failure, messageOf } from "./failure.ts";
import type { GlobalFlags } from "./global-options.ts";
import type { ProcessContext } from "./process-context.ts";
import { runCli } from "./run-cli.ts";
import { exitCodeOf, Interrupts } from "./terminal/interrupts.ts";

const { stdout, stderr } = process;
stdout.on("error", (error) => {
  // `davit plugin ls | head -1` is no failure.
  process.exit(errnoOf(error) === "EPIPE" ? 0 : 1);
});

async function main(): Promise<void> {
  const interrupts = new Interrupts(process);
  const contexts: ProcessContext[] = [];
  const createContext = async (flags: GlobalFlags): Promise<Context> => {
    const { processContext } = await import("./process-context.ts");
    const created = processContext(flags, interrupts);
    contexts.push(created);
    return created.context;
  };
  try {
    process.exitCode = await runCli(process.argv.slice(2), { out: stdout, err: stderr, createContext });
  } catch (error) {
    if (interrupts.received !== undefined) {
      process.exitCode = exitCodeOf(interrupts.received);
    } else {
      process.exitCode = error instanceof Failure ? error.exitCode : 1;
      const message = messageOf(error);
      if (message !== "") stderr.write(`${message}\n`);
    }
  } finally {
    for (const context of contexts) context.close();
    interrupts.close();
  }
}

// Bundled as CommonJS, which starts sooner and knows no `await` out here.
void main();

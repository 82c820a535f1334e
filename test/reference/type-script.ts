import { busyboxRootfs, runCommand, type TestEngine } from "@davit/testkit";
import { blank } from "./blank.ts";
import type { Places } from "./places.ts";
import type { Step } from "./step.ts";

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Splits a typed line as a shell would, with single quotes alone. */
export function wordsOf(line: string, places: Places): readonly string[] {
  const filled = line.replaceAll(/\{([a-z][a-z-]*)\}/g, (whole, name: string) => places[name] ?? whole);
  return [...filled.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}

/** Types the whole script at one engine; answers what it said, blanked, step by step. */
export async function typeScript(
  engine: TestEngine,
  steps: readonly Step[],
  { places, cli }: { readonly places: Places; readonly cli: string },
): Promise<readonly Answer[]> {
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const answers: Answer[] = [];
  for (const { type, answer } of steps) {
    const { stdout, stderr, exitCode } = await runCommand(cli, wordsOf(type, places), {
      env: engine.environment(),
      input: answer,
    });
    if (!engine.isRunning) throw new Error(`${engine.name} ended at: docker ${type}`);
    const where = { engineDir: engine.dir, places };
    answers.push({ stdout: blank(stdout, where), stderr: blank(stderr, where), exitCode });
  }
  return answers;
}

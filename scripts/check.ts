import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Everything that can be said about the code without running it, at the same time. */
const checks: Readonly<Record<string, readonly string[]>> = {
  format: ["biome", "ci", "--colors=off", "."],
  lint: ["oxlint", "--type-aware", "--deny-warnings"],
  types: ["tsc", "-p", "."],
  unused: ["knip", "--no-progress"],
  direction: ["node", "scripts/direction.ts"],
};

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");

interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
}

async function run(name: string, [command = "", ...args]: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(join(bin, command), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const code = new Promise<number | null>((done, failed) => {
    child.once("close", done);
    child.once("error", failed);
  });
  const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), code]);
  const seconds = (performance.now() - started) / 1000;
  return { name, passed: exit === 0, output: `${stdout}${stderr}`.trim(), seconds };
}

const outcomes = await Promise.all(Object.entries(checks).map(([name, command]) => run(name, command)));
for (const { name, passed, output, seconds } of outcomes) {
  console.log(`${passed ? "ok    " : "FAILED"} ${name.padEnd(10)} ${seconds.toFixed(1)} s`);
  if (!passed) console.log(`${output.replaceAll(/^/gm, "       ")}\n`);
}
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;

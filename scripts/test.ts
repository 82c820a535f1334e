import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** Runs the checks and every suite, one after the other, and ends with the sum of them all. */
const suites = ["unit", "integration", "e2e", "reference", "speed"] as const;

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = join(import.meta.dirname, "..");
const reports = join(root, ".cache/test");

/** A number of vitest's report. */
function count(report: unknown, name: string): number {
  const entries = typeof report === "object" && report !== null ? Object.entries(report) : [];
  const found: unknown = entries.find(([key]) => key === name)?.[1];
  if (typeof found !== "number") throw new Error(`vitest's report has no ${name}`);
  return found;
}

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(join(root, "node_modules/.bin", command), args, { cwd: root, stdio: "inherit" });
  return await new Promise((done, failed) => {
    child.once("exit", (code) => done(code ?? 1));
    child.once("error", failed);
  });
}

/** What vitest reported of a suite; a file that did not load, a crash and an empty suite count as a failure. */
async function runSuite(suite: string): Promise<Tally> {
  const file = join(reports, `${suite}.json`);
  await rm(file, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const exitCode = await run("vitest", ["run", "--project", suite, ...reporters]);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const counted: unknown = JSON.parse(text);
  const passed = count(counted, "numPassedTests");
  const failedTests = count(counted, "numFailedTests");
  const skipped = count(counted, "numPendingTests") + count(counted, "numTodoTests");
  const ranNone = passed + failedTests === 0;
  if (ranNone) console.error(`the suite ${suite} ran no test`);
  const failed = failedTests || (exitCode === 0 && !ranNone ? 0 : 1);
  return { passed, failed, skipped };
}

async function runCheck(): Promise<Tally> {
  const passed = (await run("node", ["scripts/check.ts"])) === 0;
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

await mkdir(reports, { recursive: true });
const tallies: Tally[] = [await runCheck()];
for (const suite of suites) tallies.push(await runSuite(suite));

const sum = (key: keyof Tally): number => tallies.reduce((total, tally) => total + tally[key], 0);
const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
const isCi = process.env["CI"] === "true";
if (isCi && skipped > 0) console.error("skipped tests are failures here, because CI is true");
console.log(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
process.exitCode = failed > 0 || (isCi && skipped > 0) ? 1 : 0;

import { type PluginServer, runCommand, type TestEngine } from "@davit/testkit";
import { blank } from "./blank.ts";
import type { Places } from "./places.ts";
import type { Step } from "./step.ts";
import { type Answer, wordsOf } from "./type-script.ts";

/** What one line made an engine say, and ask of the plugin. */
export interface RecordedAnswer {
  readonly answer: Answer;
  /** In the order in which they arrived: method, body and the headers that plugins may look at. */
  readonly calls: readonly string[];
}

export interface RecordedStep extends Step {
  /** The heading in `docs/differences.md` that tells why the calls differ here. */
  readonly callsDiffer?: string;
  /** A method that is called once more after the line has ended, as what it began is finished. */
  readonly awaits?: string;
}

export interface RecordingOptions {
  readonly server: PluginServer;
  readonly places: Places;
  readonly cli: string;
  /** Evens out what is not to be compared in bodies, e.g. numbers of ports. IDs are numbered already. */
  readonly even?: (body: string) => string;
}

/**
 * Types lines at one engine that has a plugin which keeps its calls; answers what each line has led to. IDs are numbered as they
 * come up, so that it is seen where the same one comes back.
 */
export async function recordScript(
  engine: TestEngine,
  steps: readonly RecordedStep[],
  { server, places, cli, even = (body) => body }: RecordingOptions,
): Promise<readonly RecordedAnswer[]> {
  const numbers = new Map<string, number>();
  const numbered = (text: string): string =>
    text.replaceAll(/\b[0-9a-f]{64}\b/g, (id) => {
      if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
      return `{id ${String(numbers.get(id))}}`;
    });
  const where = { engineDir: engine.dir, places };
  const recorded: RecordedAnswer[] = [];
  for (const { type, answer: input, awaits } of steps) {
    server.forget();
    const env = engine.environment();
    const { stdout, stderr, exitCode } = await runCommand(cli, wordsOf(type, places), { env, input });
    if (!engine.isRunning) throw new Error(`${engine.name} ended at: docker ${type}`);
    if (awaits !== undefined) await server.nextCall(awaits);
    recorded.push({
      answer: { stdout: blank(stdout, where), stderr: blank(stderr, where), exitCode },
      calls: unmountsInOneOrder(
        server.calls.map(({ method, rawBody, headers }) => {
          const body = blank(even(numbered(rawBody)), where);
          return [
            method,
            JSON.stringify(body),
            ...compared.map((name) => `${name}: ${headers[name] ?? "-"}`),
          ].join(" ");
        }),
      ),
    });
  }
  return recorded;
}

/** dockerd lets go of a container's mounts in any order, since it keeps them in a map; here they are sorted. */
export function unmountsInOneOrder(calls: readonly string[]): readonly string[] {
  const isUnmount = (call = "") => call.startsWith("VolumeDriver.Unmount ");
  const ordered: string[] = [];
  for (const [index, call] of calls.entries()) {
    if (!isUnmount(call)) ordered.push(call);
    else if (!isUnmount(calls[index - 1])) {
      const end = calls.findIndex((later, at) => at > index && !isUnmount(later));
      ordered.push(...calls.slice(index, end === -1 ? undefined : end).sort());
    }
  }
  return ordered;
}

/** The host is left out: which one is written for a socket depends on dockerd's version. */
const compared = ["accept", "content-type", "transfer-encoding", "user-agent"] as const;

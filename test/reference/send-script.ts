import { readFile } from "node:fs/promises";
import { busyboxRootfs, mustRun, type TempDir, type TestEngine } from "@davit/testkit";
import { blank } from "./blank.ts";
import { type ComparedAnswer, comparedAnswer } from "./http-answer.ts";
import { describeStep, type HttpStep } from "./http-step.ts";
import type { Places } from "./places.ts";

const archives = ["plugin", "other-plugin", "without-rootfs", "broken-config"];

/** Sends the whole script to one engine; answers what it answered, blanked, request by request. */
export async function sendScript(
  engine: TestEngine,
  steps: readonly HttpStep[],
  { dir, places }: { readonly dir: TempDir; readonly places: Places },
): Promise<readonly ComparedAnswer[]> {
  const packed = new Map<string, Uint8Array>();
  for (const name of archives) packed.set(name, await pack(dir, places[name] ?? ""));
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const kept: Record<string, string> = {};
  const answers: ComparedAnswer[] = [];
  for (const step of steps) {
    const fill = (text: string): string =>
      text.replaceAll(/\{([a-z][a-z-]*)\}/g, (whole, name: string) => kept[name] ?? places[name] ?? whole);
    const [method = "", path = ""] = fill(step.ask).split(" ");
    const answer = await engine
      .request(method, `${step.prefix ?? "/v1.41"}${path}`, requestOf(step, packed, fill))
      .catch((error: unknown) => {
        throw new Error(`${engine.name}: ${describeStep(step)}: ${String(error)}`, { cause: error });
      });
    if (!engine.isRunning) throw new Error(`${engine.name} ended at: ${describeStep(step)}`);
    if (step.keep !== undefined) kept[step.keep] = /"Id":"(\w+)"/.exec(answer.body)?.[1] ?? "";
    answers.push(comparedAnswer(answer, (text) => blank(text, { engineDir: engine.dir, places })));
  }
  return answers;
}

function requestOf(
  { json, text, archive, type, headers }: HttpStep,
  packed: ReadonlyMap<string, Uint8Array>,
  fill: (text: string) => string,
) {
  const written = json === undefined ? text : JSON.stringify(json);
  const body = written === undefined ? packed.get(archive ?? "") : Buffer.from(fill(written), "utf8");
  const usual = written === undefined ? "application/x-tar" : "application/json";
  const typed = body === undefined && type === undefined ? {} : { "Content-Type": type ?? usual };
  return { body, headers: { ...typed, ...headers } };
}

async function pack(dir: TempDir, folder: string): Promise<Uint8Array> {
  const file = dir.join("packed.tar");
  await mustRun("tar", ["-C", folder, "-cf", file, "."]);
  return readFile(file);
}

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import {
  type PluginCall,
  type PluginServer,
  startDavitd,
  startDockerd,
  startPluginServer,
  type TestEngine,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { type AskedAnswer, authorizationScript, type GuardedStep } from "./authorization-script.ts";
import { documentedDifferences } from "./documented-differences.ts";

interface Outcome {
  readonly answer: AskedAnswer;
  readonly calls: readonly unknown[];
}

const allow = () => ({ Allow: true });
const allowing = { "AuthZPlugin.AuthZReq": allow, "AuthZPlugin.AuthZRes": allow };

/** The whole script on one engine with the plugin in front of it. */
async function outcomesOf(start: () => Promise<TestEngine>): Promise<readonly Outcome[]> {
  await using engine = await start();
  await using server = await startPluginServer({
    implements: ["authz"],
    answers: allowing,
    listen: { socket: join(engine.pluginSocketDir, "guard.sock") },
  });
  await writeFile(join(engine.dir, "daemon.json"), JSON.stringify({ "authorization-plugins": ["guard"] }));
  process.kill(await engine.pid(), "SIGHUP");
  await engine.line("Reloaded configuration");
  const outcomes: Outcome[] = [];
  for (const step of authorizationScript) outcomes.push(await outcomeOf(engine, server, step));
  return outcomes;
}

async function outcomeOf(engine: TestEngine, server: PluginServer, step: GuardedStep): Promise<Outcome> {
  server.answer({ ...allowing, ...step.answers });
  server.forget();
  const answer = await asked(engine, step);
  const calls = server.calls
    .filter(({ method }) => method !== "Plugin.Activate")
    // Of the docker CLI's pings, which stand for themselves in the script, only that they were sent.
    .filter(({ body }) => step.docker === undefined || !isPingAnswer(body))
    .map(comparedCall);
  return { answer: { status: answer.status, body: comparedBody(answer.body) }, calls };
}

async function asked(engine: TestEngine, { ask = "", headers, text, raw, docker }: GuardedStep) {
  if (docker !== undefined) {
    const env = { DOCKER_API_VERSION: "1.41" };
    const { stdout, stderr, exitCode } = await engine.docker(docker, { env });
    return { status: exitCode, body: stdout + stderr };
  }
  if (raw !== undefined) {
    const seen = await sentRaw(engine.socket, raw);
    return {
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(seen)?.[1]),
      body: seen.slice(seen.indexOf("\r\n\r\n") + 4),
    };
  }
  const [method = "", path = ""] = ask.split(" ");
  const body = text === undefined ? undefined : Buffer.from(text, "utf8");
  return engine.request(method, path, { body, headers });
}

/** Whatever comes until the connection ends, or a whole answer has come. */
async function sentRaw(path: string, text: string): Promise<string> {
  const socket = connect(path);
  await once(socket, "connect");
  socket.write(text.replaceAll("\n", "\r\n"));
  let seen = "";
  for await (const chunk of socket) {
    seen += String(chunk);
    if (/\r\n\r\n[^]*\n$/.test(seen)) break;
  }
  socket.destroy();
  return seen;
}

/** Of refusals by the plugin each word; of anything else that it is there. */
function comparedBody(body: string): string {
  const failure = /plugin guard failed with error: (?!AuthZPlugin)/.exec(body);
  if (failure !== null) return "plugin guard failed with error: ...";
  return body.includes("authorization denied") ? body : body === "" ? "" : "a body";
}

const isPingAnswer = (body: unknown): boolean =>
  /"\/_ping".*"ResponseHeaders"/.test(JSON.stringify(body) ?? "");

/** A call with bodies by their presence, and without what tells the engines apart. */
function comparedCall({ method, body }: PluginCall): unknown {
  if (typeof body !== "object" || body === null) return { method, body };
  const told = Object.entries(body).map(([member, value]: [string, unknown]) => {
    if (member === "ResponseBody") return [member, "a body"];
    if (member === "ResponseHeaders" && typeof value === "object") {
      return [member, { ...value, "Api-Version": "there", Server: "there" }];
    }
    return [member, value];
  });
  return { method, body: Object.fromEntries(told) };
}

describe("davitd asks an authorization plugin what dockerd asks it, and answers clients the same", () => {
  let davit: readonly Outcome[] = [];
  let docker: readonly Outcome[] = [];
  beforeAll(async () => {
    const both = [outcomesOf(() => startDavitd()), outcomesOf(() => startDockerd())] as const;
    // Even when the one has failed, the other is to clean up.
    await Promise.allSettled(both);
    [davit, docker] = await Promise.all(both);
  });

  const steps = (isSame: boolean) =>
    authorizationScript.flatMap(({ title, differs }, index): [string, number][] =>
      (differs === undefined) === isSame ? [[`${String(index + 1)}: ${title}`, index]] : [],
    );

  test.for(steps(true))("%s", ([, index]) => {
    expect(davit[index]).toEqual(docker[index]);
  });

  test.for(steps(false))("%s, but for a documented difference", ([, index]) => {
    expect(davit[index]).not.toEqual(docker[index]);
  });
});

test("every difference of authorization is documented", async () => {
  const documented = await documentedDifferences();
  const named = new Set(authorizationScript.flatMap(({ differs }) => differs ?? []));
  expect([...named].filter((heading) => !documented.has(heading))).toEqual([]);
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPluginServer, type TestEngine } from "@davit/testkit";
import type { Operation } from "./operations.ts";

const requests = 100;

async function setChain(engine: TestEngine, names: readonly string[]): Promise<void> {
  const from = engine.log.length;
  await writeFile(join(engine.dir, "daemon.json"), JSON.stringify({ "authorization-plugins": names }));
  process.kill(await engine.pid(), "SIGHUP");
  await engine.line("Reloaded configuration", from);
}

async function ask(engine: TestEngine): Promise<void> {
  for (let n = 0; n < requests; n += 1) {
    const { status, body } = await engine.request("GET", "/v1.41/volumes");
    if (status !== 200) throw new Error(`GET /volumes: ${String(status)} ${body}`);
  }
}

/** A plugin for each engine, in this process, that allows everything. */
export async function startGuards(engines: readonly TestEngine[]): Promise<AsyncDisposable> {
  const allow = () => ({ Allow: true });
  const guards = new AsyncDisposableStack();
  for (const engine of engines) {
    guards.use(
      await startPluginServer({
        implements: ["authz"],
        answers: { "AuthZPlugin.AuthZReq": allow, "AuthZPlugin.AuthZRes": allow },
        listen: { socket: join(engine.pluginSocketDir, "guard.sock") },
      }),
    );
  }
  return guards;
}

/** The same requests without and with a plugin that must allow them. */
export const authorizationOperations: readonly Operation[] = [
  { name: `${String(requests)} requests`, run: ask },
  {
    name: `${String(requests)} requests, each authorised`,
    before: (engine) => setChain(engine, ["guard"]),
    run: ask,
    after: (engine) => setChain(engine, []),
  },
];

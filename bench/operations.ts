import type { TestEngine } from "@davit/testkit";

/** One thing that is measured: `run` is timed, `before` and `after` are not. */
export interface Operation {
  readonly name: string;
  readonly before?: (engine: TestEngine) => Promise<void>;
  readonly run: (engine: TestEngine) => Promise<void>;
  readonly after?: (engine: TestEngine) => Promise<void>;
}

/** An API call without the CLI's own time. */
async function call(
  engine: TestEngine,
  method: string,
  path: string,
  body?: Record<string, unknown>,
): Promise<void> {
  const answer = await engine.request(method, path, { body });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${String(answer.status)} ${answer.body}`);
}

const enable = (engine: TestEngine) => call(engine, "POST", "/plugins/acme/v/enable?timeout=30");
const disable = (engine: TestEngine) => call(engine, "POST", "/plugins/acme/v/disable");

export const enableOperation: Operation = { name: "enable", run: enable, after: disable };

/** Wants the plugin `acme/v`, disabled, the image `busybox`, and a plugin at `remote`. */
export const operations = (remote: string): readonly Operation[] => [
  enableOperation,
  {
    name: "disable and enable",
    before: enable,
    run: async (engine) => {
      await disable(engine);
      await enable(engine);
    },
    after: disable,
  },
  {
    name: "docker plugin install",
    run: async (engine) => {
      const options = ["--grant-all-permissions", "--alias", "acme/installed"];
      await engine.ok(["plugin", "install", ...options, remote]);
    },
    after: async (engine) => {
      await engine.ok(["plugin", "rm", "--force", "acme/installed"]);
    },
  },
  {
    name: "volume create",
    before: enable,
    run: (engine) => call(engine, "POST", "/volumes/create", { Name: "bench", Driver: "acme/v" }),
    after: async (engine) => {
      await call(engine, "DELETE", "/volumes/bench");
      await disable(engine);
    },
  },
  {
    name: "docker run --rm -v VOLUME",
    before: async (engine) => {
      await enable(engine);
      await call(engine, "POST", "/volumes/create", { Name: "bench", Driver: "acme/v" });
    },
    run: async (engine) => {
      await engine.ok(["run", "--rm", "--network", "none", "-v", "bench:/data", "busybox", "true"]);
    },
    after: async (engine) => {
      await call(engine, "DELETE", "/volumes/bench");
      await disable(engine);
    },
  },
];

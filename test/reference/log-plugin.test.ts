import { join } from "node:path";
import { Readable } from "node:stream";
import { encodeLogEntry } from "@davit/protocol";
import {
  busyboxRootfs,
  LogReceiver,
  type PluginServer,
  pluginError,
  startDavitd,
  startDockerd,
  startPluginServer,
  type TestEngine,
} from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { documentedDifferences } from "./documented-differences.ts";

interface Step {
  readonly command: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  /** Calls that the plugin has got by then, with what differs from run to run made the same. */
  readonly calls: readonly string[];
  /** The heading of the documented difference that it shows. */
  readonly differs?: string | undefined;
}

interface Recording {
  readonly steps: readonly Step[];
  /** Entries of each run, without their times. */
  readonly entries: readonly (readonly unknown[])[];
}

const container = ["--network", "none", "--log-driver", "lg", "--log-opt", "a=b"];
const script = "echo out; printf end";
const longScript =
  "head -c 40000 /dev/zero | tr '\\0' x; echo; head -c 16384 /dev/zero | tr '\\0' y; echo; head -c 20000 /dev/zero";

/** The same commands at an engine that meets the plugin on a socket. */
async function record(engine: TestEngine, toHostPath: (file: string) => string): Promise<Recording> {
  using receiver = new LogReceiver({ toHostPath });
  await using server = await startPluginServer({
    implements: ["LogDriver"],
    answers: receiver.answers,
    listen: { socket: join(engine.pluginSocketDir, "lg.sock") },
  });
  await engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
  const steps: Step[] = [];
  const step = async (
    command: readonly string[],
    { awaited, differs }: { readonly awaited?: string; readonly differs?: string } = {},
  ): Promise<void> => {
    server.forget();
    const { stdout, stderr, exitCode } = await engine.docker(command);
    if (awaited !== undefined) await server.nextCall(awaited);
    const said = { stdout: even(stdout), stderr: even(stderr), exitCode };
    steps.push({ command, ...said, calls: callsOf(server), differs });
  };
  const run = (name: string, options: readonly string[], ...program: readonly string[]) =>
    ["run", "--name", name, ...options, ...container, "busybox", ...program] as const;
  const stop = { awaited: "LogDriver.StopLogging" };
  const kept = { differs: "kept-output-without-the-plugin" };

  await step(run("long", ["--rm"], "sh", "-c", longScript), stop);
  await step(run("one", ["-e", "A=b", "--label", "l=1"], "sh", "-c", script), stop);
  await Promise.all(receiver.logs.map(({ ended }) => ended));
  const entries = receiver.logs.map((log) =>
    log.entries.map(({ source, line, partial, piece }) => [
      source,
      line.length,
      partial,
      piece?.ordinal,
      piece?.last,
    ]),
  );
  await step(["logs", "one"], kept);
  await step(["logs", "--tail", "1", "one"], kept);
  await step(["inspect", "--format", "{{json .HostConfig.LogConfig}} [{{.LogPath}}]", "one"]);
  server.answer({
    "LogDriver.Capabilities": () => ({ Cap: { ReadLogs: true } }),
    "LogDriver.ReadLogs": () => Readable.from([entry("read 1"), entry("read 2")]),
  });
  await step(run("two", ["-d"], "sleep", "600"));
  const since = "2020-01-01T00:00:00Z";
  await step(["logs", "--tail", "5", "--since", since, "two"], { differs: "log-lines-end" });
  await step(["rm", "-f", "two"], stop);
  await step(["logs", "one"], { ...stop, differs: "log-lines-end" });
  await step(["restart", "-t", "0", "one"], stop);
  server.answer({ "LogDriver.StartLogging": () => ({ Err: "will not" }) });
  await step(run("three", [], "true"));
  await step(["inspect", "--format", "{{.State.Status}} {{.State.Error}} {{.State.ExitCode}}", "three"]);
  server.answer({ "LogDriver.StartLogging": () => pluginError("broken") });
  await step(["start", "three"]);
  server.answer({ ...receiver.answers, "LogDriver.Capabilities": () => pluginError("no idea") });
  await step(["start", "three"], stop);
  await step(["create", "--log-driver", "lg", "--log-opt", "mode=x", "busybox", "true"]);
  await step(["create", "--log-driver", "lg", "--log-opt", "max-buffer-size=1m", "busybox", "true"]);
  await step(["rm", "one", "three"]);
  return { steps, entries };
}

const entry = (text: string) =>
  encodeLogEntry({
    source: "stdout",
    timeNano: 1_767_323_045_000_000_000n,
    line: Buffer.from(text),
    partial: false,
  });

const even = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{64}/g, "ID")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => (/^(0001|2020)/.test(time) ? time : "TIME"))
    .replaceAll(/"File":"[^"]*\/logging\//g, '"File":"/run/docker/logging/');

const callsOf = ({ calls }: PluginServer): readonly string[] =>
  calls.map(({ method, rawBody }) => even(`${method} ${rawBody.trim()}`));

describe("a log plugin and its containers, as at dockerd", () => {
  let expected: Recording;
  let actual: Recording;
  beforeAll(async () => {
    await using dockerd = await startDockerd();
    await using davitd = await startDavitd();
    // dockerd has a /run of its own.
    const ofDockerd = await dockerd.pid();
    expected = await record(dockerd, (file) => `/proc/${String(ofDockerd)}/root${file}`);
    actual = await record(davitd, (file) => file);
  }, 180_000);

  test("entries are the same", () => {
    expect(expected.entries).toHaveLength(2);
    expect(actual.entries).toEqual(expected.entries);
  });

  test("what is said and what is called is the same", () => {
    const same = ({ steps }: Recording) => steps.filter(({ differs }) => differs === undefined);
    expect(same(actual)).toEqual(same(expected));
  });

  test("each other difference is documented, and is one", async () => {
    const documented = await documentedDifferences();
    const differing = expected.steps.filter(({ differs }) => differs !== undefined);
    expect(differing.filter(({ differs = "" }) => !documented.has(differs))).toEqual([]);
    const own = new Set(actual.steps.map((step) => JSON.stringify(step)));
    expect(differing.filter((step) => own.has(JSON.stringify(step)))).toEqual([]);
  });
});

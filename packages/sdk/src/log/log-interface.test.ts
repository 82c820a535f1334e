import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { encodeLogEntry, LogEntrySplitter } from "@davit/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PluginLogger } from "../line-logger.ts";
import { type PluginServer, servePlugin } from "../serve-plugin.ts";
import type { LogContainer, LogDriver, LogLine, LogQuery } from "./log-driver.ts";

let dir: string;
let server: PluginServer;
const problems: string[] = [];
const logger: PluginLogger = {
  debug: () => undefined,
  info: () => undefined,
  error: (fields, message) => void problems.push(`${message} ${JSON.stringify(fields)}`),
};

beforeEach(async () => {
  dir = await mkdtemp("/tmp/sdl-");
  problems.length = 0;
});
afterEach(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});

async function serve(logDriver: LogDriver): Promise<void> {
  server = await servePlugin({ logDriver }, { socket: `${dir}/s`, logger });
}

function call(method: string, body: object = {}) {
  return new Promise<{ status: number | undefined; body: Buffer }>((resolve, reject) => {
    const sent = request({ socketPath: `${dir}/s`, method: "POST", path: `/${method}` }, (response) => {
      buffer(response).then((bytes) => resolve({ status: response.statusCode, body: bytes }), reject);
    });
    sent.on("error", reject);
    sent.end(`${JSON.stringify(body)}\n`);
  });
}

const entry = (text: string) =>
  encodeLogEntry({ source: "stdout", timeNano: 5n, line: Buffer.from(text), partial: false });
const Info = { ContainerID: "c1", ContainerName: "/web", Config: { a: "b" }, ContainerEnv: null };

test("a driver gets the lines of a pipe until the engine closes it, one that was cut left out", async () => {
  execFileSync("mkfifo", [`${dir}/pipe`]);
  const writer = openSync(`${dir}/pipe`, constants.O_RDWR | constants.O_NONBLOCK);
  const { promise: finished, resolve: finish } = Promise.withResolvers<readonly LogLine[]>();
  let started: LogContainer | undefined;
  await serve({
    async log(container, lines) {
      started = container;
      const all: LogLine[] = [];
      for await (const line of lines) all.push(line);
      finish(all);
    },
  });
  const answer = await call("LogDriver.StartLogging", { File: `${dir}/pipe`, Info });
  expect(answer).toEqual({ status: 200, body: Buffer.from('{"Err":""}') });
  writeSync(writer, Buffer.concat([entry("one"), entry("two"), entry("cut").subarray(0, 7)]));
  await call("LogDriver.StopLogging", { File: `${dir}/pipe` });
  closeSync(writer);
  expect((await finished).map(({ line }) => Buffer.from(line).toString())).toEqual(["one", "two"]);
  expect(started).toMatchObject({ id: "c1", name: "web", options: { a: "b" }, env: [] });
});

test("a driver that does not accept a container, and a pipe that is not there, refuse the start", async () => {
  await serve({
    accept: ({ options }) => {
      if (options["a"] === "b") throw new Error("bad option a");
    },
    log: () => Promise.resolve(),
  });
  expect(await call("LogDriver.StartLogging", { File: "/x", Info })).toEqual({
    status: 500,
    body: Buffer.from('{"Err":"bad option a"}'),
  });
  const other = await call("LogDriver.StartLogging", { File: `${dir}/nosuch`, Info: {} });
  expect(other.body.toString()).toContain("ENOENT");
});

test("a driver without reading says so", async () => {
  await serve({ log: () => Promise.resolve() });
  const capabilities = await call("LogDriver.Capabilities");
  expect(capabilities.body.toString()).toBe('{"Cap":{"ReadLogs":false},"Err":""}');
  expect((await call("LogDriver.ReadLogs", { Info, Config: {} })).status).toBe(500);
});

test("what a driver reads comes as it gives it, for the query that was asked", async () => {
  let asked: LogQuery | undefined;
  await serve({
    log: () => Promise.resolve(),
    async *read(_container, query) {
      asked = query;
      for (const text of ["one", "two"]) {
        yield { source: "stderr", timeNano: 7n, line: Buffer.from(text), partial: false };
      }
    },
  });
  const Config = { Since: "2026-01-02T03:04:05Z", Until: "0001-01-01T00:00:00Z", Tail: 3, Follow: true };
  const { status, body } = await call("LogDriver.ReadLogs", { Info, Config });
  expect(status).toBe(200);
  const entries = new LogEntrySplitter().push(body);
  expect(entries.map(({ source, line }) => `${source} ${Buffer.from(line).toString()}`)).toEqual([
    "stderr one",
    "stderr two",
  ]);
  expect(asked).toEqual({ since: new Date("2026-01-02T03:04:05Z"), until: undefined, tail: 3, follow: true });
});

test("a long answer leaves no listeners behind", async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", note);
  await serve({
    log: () => Promise.resolve(),
    async *read() {
      for (let count = 0; count < 30; count += 1)
        yield { source: "stdout", timeNano: 1n, line: Buffer.alloc(65_536), partial: false };
    },
  });
  const { body } = await call("LogDriver.ReadLogs", { Info, Config: {} });
  process.off("warning", note);
  expect(new LogEntrySplitter().push(body)).toHaveLength(30);
  expect(warnings).toEqual([]);
});

test("a driver that fails while it is read cuts the answer, and one that fails while it logs is told of", async () => {
  execFileSync("mkfifo", [`${dir}/pipe`]);
  await serve({
    log: () => Promise.reject(new Error("disk full")),
    // oxlint-disable-next-line require-yield -- it fails before it has anything
    async *read() {
      throw new Error("gone");
    },
  });
  await expect(call("LogDriver.ReadLogs", { Info, Config: {} })).rejects.toThrow("aborted");
  await call("LogDriver.StartLogging", { File: `${dir}/pipe`, Info });
  expect(problems.join("\n")).toContain("gone");
  expect(problems.join("\n")).toContain("disk full");
});

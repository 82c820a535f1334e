import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineError } from "../../core/errors.ts";
import { ServerFixture } from "../server-fixture.ts";
import { pluginArchiveRoutes } from "./plugin-archives.ts";

let engine: ServerFixture;
/** What was granted. */
const granted: unknown[] = [];

beforeEach(async () => {
  granted.length = 0;
  engine = await ServerFixture.make();
  const refuse = () => Promise.reject(new EngineError("not-found", "no archive"));
  const load = (request: { readonly granted: unknown }) => {
    granted.push(request.granted);
    return refuse();
  };
  await engine.serve(pluginArchiveRoutes({ load, save: refuse }));
});
afterEach(() => engine.dispose());

const base64url = (text: string): string => Buffer.from(text).toString("base64url");
const head = (values: readonly string[]): string =>
  values.map((value) => `X-Davit-Privileges: ${value}\n`).join("");

const network = [{ Name: "network", Description: "", Value: ["host"] }];

test("privileges are granted by a header", async () => {
  const headers = { "X-Davit-Privileges": base64url(JSON.stringify(network)) };
  await engine.call("POST", "/plugins/load", { headers });
  expect(granted).toEqual([network]);
});

test.each([
  ["a list in two headers, of which a reader may see one", ['[{"Name":"network",  ', '"Value":["host"]}]']],
  ["members in another case, which a reader may overlook", ['[{"name":"network","value":["host"]}]']],
  ["a member given twice", ['[{"Name":"network","Value":[],"Value":["host"]}]']],
])("privileges are not granted by %s", async (_title, texts) => {
  const socket = await engine.open(
    `POST /plugins/load HTTP/1.1\nHost: x\nConnection: close\n${head(texts.map(base64url))}\n`,
  );
  expect(String(Buffer.concat(await Array.fromAsync(socket)))).toMatch(/^HTTP\/1\.1 400 /);
  expect(granted).toEqual([]);
});

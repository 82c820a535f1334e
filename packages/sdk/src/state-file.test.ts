import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as z from "zod";
import { StateFile } from "./state-file.ts";

const schema = z.object({ names: z.array(z.string()).readonly() });
type State = z.output<typeof schema>;

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "state-"));
  path = join(dir, "below/state.json");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const open = (): Promise<StateFile<State>> =>
  StateFile.open<State>(path, {
    version: 1,
    initial: { names: [] },
    parse: (stored) => schema.parse(stored),
  });
const add =
  (name: string) =>
  ({ names }: State): State => ({ names: [...names, name] });

it("is read again as it was written, and leaves nothing beside it", async () => {
  const file = await open();
  await Promise.all([file.change(add("a")), file.change(add("b"))]);
  expect(file.current).toEqual({ names: ["a", "b"] });
  expect((await open()).current).toEqual(file.current);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ version: 1, names: ["a", "b"] });
  expect(await readdir(join(dir, "below"))).toEqual(["state.json"]);
});

it("keeps the old state when it cannot be written", async () => {
  const file = await open();
  await mkdir(`${path}.new`);
  await expect(file.change(add("a"))).rejects.toThrow("EISDIR");
  expect(file.current).toEqual({ names: [] });
  await rm(`${path}.new`, { recursive: true });
  await file.change(add("b"));
  expect((await open()).current).toEqual({ names: ["b"] });
});

it("keeps the old state when an edit throws, and makes the changes behind it", async () => {
  const file = await open();
  const failing = file.change(() => {
    throw new Error("no room");
  });
  const next = file.changeFor((state) => ({ state: add("b")(state), result: state.names.length }));
  await expect(failing).rejects.toThrow("no room");
  expect(await next).toBe(0);
  expect((await open()).current).toEqual({ names: ["b"] });
});

it("begins a change when the one before is over", async () => {
  const file = await open();
  const gate = Promise.withResolvers<undefined>();
  const slow = file.change(async (state) => {
    await gate.promise;
    return add("slow")(state);
  });
  const quick = file.change(add("quick"));
  gate.resolve(undefined);
  await Promise.all([slow, quick]);
  expect(file.current.names).toEqual(["slow", "quick"]);
});

it("writes nothing for the same state", async () => {
  const file = await open();
  await file.change((state) => state);
  expect(await readdir(join(dir, "below"))).toEqual([]);
});

it.each(["{", "[]", "{}", '{"version":1}', '{"version":2,"names":[]}'])(
  "refuses the file %j",
  async (text) => {
    await mkdir(join(dir, "below"));
    await writeFile(path, text);
    await expect(open()).rejects.toThrow(`read ${path}: not a state of version 1`);
  },
);

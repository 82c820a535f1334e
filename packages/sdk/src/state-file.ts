import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Awaitable } from "./awaitable.ts";

export interface StateFileOptions<State extends object> {
  /** Stands in the file beside the state; a file of another version is refused. */
  readonly version: number;
  /** The state while there is no file. */
  readonly initial: State;
  /** The state in what a file of this version holds; throws if it is none. */
  readonly parse: (stored: object) => State;
}

export interface StateChange<State, Result> {
  readonly state: State;
  readonly result: Result;
}

/**
 * What a plugin must know after a restart: one JSON file, replaced as a whole, so that a crash at any instant leaves the old state or the new. One process has
 * it open at a time.
 */
export class StateFile<State extends object> {
  readonly #path: string;
  readonly #version: number;
  #state: State;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(path: string, version: number, state: State) {
    this.#path = path;
    this.#version = version;
    this.#state = state;
  }

  /** Makes the folder of `path` if it is missing; the file itself is made by the first change. */
  static async open<State extends object>(
    path: string,
    options: StateFileOptions<State>,
  ): Promise<StateFile<State>> {
    await mkdir(dirname(path), { recursive: true });
    return new StateFile(path, options.version, await readState(path, options));
  }

  /** What is on disk, never what a change that is under way would make of it. */
  get current(): State {
    return this.#state;
  }

  /** As `changeFor`, where nothing but the state is of interest. */
  async change(edit: (state: State) => Awaitable<State>): Promise<void> {
    await this.changeFor(async (state) => ({ state: await edit(state), result: undefined }));
  }

  /**
   * One change after another. The new state counts once it is on disk; if `edit` throws, or the disk is full, nothing has changed. What `edit` does besides is
   * over before the next change begins. The same state means that there is nothing to write.
   */
  async changeFor<Result>(edit: (state: State) => Awaitable<StateChange<State, Result>>): Promise<Result> {
    const mine = this.#lastChange.then(async () => {
      const { state, result } = await edit(this.#state);
      if (state !== this.#state) {
        await replaceFile(this.#path, `${JSON.stringify({ ...state, version: this.#version }, null, 2)}\n`);
        this.#state = state;
      }
      return result;
    });
    // A failed change is its caller's failure, not that of the next in line.
    this.#lastChange = mine.catch(() => undefined);
    return await mine;
  }
}

async function readState<State extends object>(
  path: string,
  { version, initial, parse }: StateFileOptions<State>,
): Promise<State> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return initial;
    throw error;
  }
  try {
    const stored: unknown = JSON.parse(text);
    if (typeof stored !== "object" || stored === null || !("version" in stored)) {
      throw new Error("it has no version");
    }
    const { version: found, ...state } = stored;
    if (found !== version) throw new Error(`its version is ${JSON.stringify(found)}`);
    return parse(state);
  } catch (error) {
    throw new Error(`read ${path}: not a state of version ${String(version)}`, { cause: error });
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const staging = `${path}.new`;
  const file = await open(staging, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staging, path);
  const dir = await open(dirname(path), "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

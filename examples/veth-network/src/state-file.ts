import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";

const stateSchema = z.object({
  version: z.literal(1),
  networks: z.record(
    z.string(),
    z.object({
      /** What the bridge has, in CIDR notation. */
      addresses: z.array(z.string()),
      gateway: z.string().optional(),
      gatewayIPv6: z.string().optional(),
    }),
  ),
  endpoints: z.record(z.string(), z.object({ networkId: z.string(), macAddress: z.string() })),
  pools: z.record(
    z.string(),
    z.object({
      addressSpace: z.string(),
      pool: z.string(),
      subPool: z.string().optional(),
      addresses: z.array(z.string()),
    }),
  ),
});

type Stored = z.output<typeof stateSchema>;
export type State = Readonly<Omit<Stored, "version">>;
export type Network = Stored["networks"][string];
export type Pool = Stored["pools"][string];

const empty: State = { networks: {}, endpoints: {}, pools: {} };

/** What both drivers know: one JSON file, replaced as a whole, so a crash leaves the old state or the new. */
export class StateFile {
  readonly #path: string;
  #state: State;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(path: string, state: State) {
    this.#path = path;
    this.#state = state;
  }

  static async open(path: string): Promise<StateFile> {
    await mkdir(dirname(path), { recursive: true });
    return new StateFile(path, await readState(path));
  }

  get current(): State {
    return this.#state;
  }

  /**
   * One change after another. The new state counts once it is on disk; if `edit` throws, or the disk is full, nothing has changed. What `edit` does besides is
   * over before the next change begins.
   */
  async change<Result>(edit: (state: State) => Change<Result> | Promise<Change<Result>>): Promise<Result> {
    const mine = this.#lastChange.then(async () => {
      const { state, result } = await edit(this.#state);
      if (state !== this.#state)
        await replaceFile(this.#path, `${JSON.stringify({ version: 1, ...state })}\n`);
      this.#state = state;
      return result;
    });
    // A failed change is its caller's failure, not that of the next in line.
    this.#lastChange = mine.catch(() => undefined);
    return await mine;
  }
}

export interface Change<Result> {
  readonly state: State;
  readonly result: Result;
}

/** The entry of a key that came from outside. */
export const entryOf = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

export const withoutEntry = <Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Record<string, Value> => Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));

async function readState(path: string): Promise<State> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return empty;
    throw error;
  }
  try {
    const { networks, endpoints, pools } = stateSchema.parse(JSON.parse(text));
    return { networks, endpoints, pools };
  } catch (error) {
    throw new Error(`read ${path}: not a state of this version`, { cause: error });
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

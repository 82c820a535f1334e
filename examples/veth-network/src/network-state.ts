import { StateFile } from "@davit/sdk";
import * as z from "zod";

const stateSchema = z.object({
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
export type State = Readonly<Stored>;
export type Network = Stored["networks"][string];
export type Pool = Stored["pools"][string];

/** What both drivers know. */
export type NetworkState = StateFile<State>;

export const openNetworkState = (path: string): Promise<NetworkState> =>
  StateFile.open<State>(path, {
    version: 1,
    initial: { networks: {}, endpoints: {}, pools: {} },
    parse: (stored) => stateSchema.parse(stored),
  });

/** The entry of a key that came from outside. */
export const entryOf = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

export const withoutEntry = <Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Record<string, Value> => Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));

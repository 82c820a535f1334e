import { goList, pluginSchema } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import type { Context } from "../context.ts";

/** Asks the daemon what could be meant; `args` are the arguments before. */
export type Source = (context: Context, args: readonly string[]) => Promise<readonly string[]>;

const get = <Schema extends z.ZodType>(
  context: Context,
  schema: Schema,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<z.output<Schema>> =>
  context.client.json(schema, { method: "GET", path, query, signal: context.signal });

const filters = (wanted: Readonly<Record<string, readonly string[]>>): Record<string, string> => ({
  filters: JSON.stringify(
    Object.fromEntries(
      Object.entries(wanted).map(([name, values]) => [
        name,
        Object.fromEntries(values.map((value) => [value, true])),
      ]),
    ),
  ),
});

const pluginsWhere =
  (query: Readonly<Record<string, string>> = {}): Source =>
  async (context) =>
    (await get(context, z.array(pluginSchema.pick({ Name: true })), "/plugins", query)).map(
      ({ Name }) => Name,
    );

const containersWhere =
  (query: Readonly<Record<string, string>>): Source =>
  async (context) => {
    const listed = await get(
      context,
      z.array(z.object({ Names: goList(z.string()) })),
      "/containers/json",
      query,
    );
    return listed.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, "")));
  };

const plugins = pluginsWhere();
const allContainers = containersWhere({ all: "1" });
const runningContainers = containersWhere({});

const images: Source = async (context) => {
  const listed = await get(context, z.array(z.object({ RepoTags: goList(z.string()) })), "/images/json");
  return listed.flatMap(({ RepoTags }) => RepoTags).filter((name) => !name.startsWith("<none>"));
};
const volumes: Source = async (context) =>
  (await get(context, z.object({ Volumes: goList(z.object({ Name: z.string() })) }), "/volumes")).Volumes.map(
    ({ Name }) => Name,
  );
const networks: Source = async (context) =>
  (await get(context, z.array(z.object({ Name: z.string() })), "/networks")).map(({ Name }) => Name);
const volumeDrivers: Source = async (context) =>
  (await get(context, z.object({ Plugins: z.object({ Volume: goList(z.string()) }) }), "/info")).Plugins
    .Volume;

const networkDrivers: Source = async (context) =>
  (await get(context, z.object({ Plugins: z.object({ Network: goList(z.string()) }) }), "/info")).Plugins
    .Network;

/** First the plugin, then its settings, ready for a value. */
const settings: Source = async (context, args) => {
  const [name] = args;
  if (name === undefined) return plugins(context, args);
  const { Settings } = await get(
    context,
    pluginSchema.pick({ Settings: true }),
    `${objectPath("plugin", name)}/json`,
  );
  return Settings.Env.map((entry) => `${entry.split("=")[0] ?? ""}=`);
};

const firstOnly =
  (source: Source): Source =>
  async (context, args) =>
    args.length === 0 ? source(context, args) : [];

/** First a network, then one of the others. */
const networkThen =
  (source: Source): Source =>
  async (context, args) => {
    if (args.length === 0) return networks(context, args);
    return args.length === 1 ? source(context, args) : [];
  };

/** The container's files are not known here. */
const withColon =
  (source: Source): Source =>
  async (context, args) =>
    (await source(context, args)).map((name) => `${name}:`);

const everything: Source = async (context, args) => {
  const found = await Promise.all(
    [allContainers, images, volumes, plugins].map((source) => source(context, args)),
  );
  return found.flat();
};

const byNoun: Readonly<Record<string, Source>> = {
  container: allContainers,
  image: images,
  network: networks,
  plugin: plugins,
  volume: volumes,
};

/** Verbs whose arguments are not simply objects of their noun. */
const exceptions: Readonly<Record<string, Source | undefined>> = {
  "container attach": firstOnly(runningContainers),
  "container cp": withColon(allContainers),
  "container create": firstOnly(images),
  "container exec": firstOnly(runningContainers),
  "container kill": runningContainers,
  "container ls": undefined,
  "container pause": runningContainers,
  "container prune": undefined,
  "container restart": allContainers,
  "container run": firstOnly(images),
  "container start": containersWhere({ all: "1", ...filters({ status: ["created", "exited"] }) }),
  "container stop": runningContainers,
  "container unpause": containersWhere(filters({ status: ["paused"] })),
  "image import": undefined,
  "image load": undefined,
  "image prune": undefined,
  "network connect": networkThen(allContainers),
  "network create": undefined,
  "network disconnect": networkThen(allContainers),
  "network ls": undefined,
  "network prune": undefined,
  "plugin create": undefined,
  "plugin disable": firstOnly(pluginsWhere(filters({ enabled: ["true"] }))),
  "plugin enable": firstOnly(pluginsWhere(filters({ enabled: ["false"] }))),
  "plugin install": undefined,
  "plugin load": undefined,
  "plugin ls": undefined,
  "plugin offer": firstOnly(plugins),
  "plugin set": settings,
  "plugin upgrade": firstOnly(pluginsWhere(filters({ enabled: ["false"] }))),
  "volume create": undefined,
  "volume ls": undefined,
  "volume prune": undefined,
};

/** Of `davit <verb>`, the same as `davit <noun> <verb>`. */
const nouns: Readonly<Record<string, string>> = {
  history: "image",
  images: "image",
  import: "image",
  load: "image",
  pull: "image",
  push: "image",
  rmi: "image",
  save: "image",
  tag: "image",
};
const otherVerbs: ReadonlySet<string> = new Set([
  "completion",
  "events",
  "info",
  "login",
  "logout",
  "ps",
  "version",
]);

/** Where the arguments of a command come from; undefined if nobody knows. */
export function argumentSource([first = "", second]: readonly string[]): Source | undefined {
  if (first === "inspect") return everything;
  if (second === undefined && otherVerbs.has(first)) return undefined;
  const noun = second === undefined ? (nouns[first] ?? "container") : first;
  const name = `${noun} ${second ?? first}`;
  return Object.hasOwn(exceptions, name) ? exceptions[name] : byNoun[noun];
}

const fixed =
  (...words: readonly string[]): Source =>
  async () =>
    words;

const flagSources: Readonly<Record<string, Source>> = {
  network: async (context, args) => ["none", "host", ...(await networks(context, args).catch(() => []))],
  "volume-driver": volumeDrivers,
  driver: volumeDrivers,
  "volumes-from": allContainers,
  volume: withColon(volumes),
  restart: fixed("no", "always", "on-failure", "unless-stopped"),
  pull: fixed("always", "missing", "never"),
  type: fixed("container", "image", "network", "plugin", "volume"),
};

/** Where the values of a flag come from. */
export function flagSource(command: readonly string[], flag: string): Source | undefined {
  if (flag === "driver" && command[0] === "network") return networkDrivers;
  if (flag === "driver" && command[0] !== "volume") return undefined;
  return Object.hasOwn(flagSources, flag) ? flagSources[flag] : undefined;
}

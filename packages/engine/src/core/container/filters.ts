import { EngineError } from "../errors.ts";
import { networksOf } from "../network/container-network.ts";
import { resolveContainer } from "./name.ts";
import { exposedPort } from "./published-ports.ts";
import type { ContainerRecord } from "./record.ts";
import { countsAsRunning } from "./transitions.ts";

/** Filter values by key, as clients send them. */
export type Filters = ReadonlyMap<string, readonly string[]>;

const statuses: ReadonlySet<string> = new Set([
  "created",
  "restarting",
  "running",
  "removing",
  "paused",
  "exited",
  "dead",
]);

export interface ContainerQuery {
  /** Not only the running ones. */
  readonly all: boolean;
  /** At most so many, newest first; 0 for no bound. A bound implies `all`. */
  readonly limit: number;
  readonly filters: Filters;
}

/**
 * The containers that a list shows, newest first. `ancestors` tells which image IDs an `ancestor` value means.
 */
export function selectContainers(
  all: readonly ContainerRecord[],
  query: ContainerQuery,
  ancestors: (image: string) => readonly string[],
  health: (id: string) => string = () => "none",
): readonly ContainerRecord[] {
  const newestFirst = all.toSorted(
    (a, b) => compareText(b.createdAt, a.createdAt) || compareText(a.id, b.id),
  );
  const tests = [...query.filters].map(([key, values]) =>
    filterTest(key, values, { all, ancestors, health }),
  );
  const everyStatus =
    query.all || query.limit > 0 || query.filters.has("status") || query.filters.has("exited");
  const selected = newestFirst.filter(
    (container) =>
      (everyStatus || countsAsRunning(container)) && tests.every((accepts) => accepts(container)),
  );
  return query.limit > 0 ? selected.slice(0, query.limit) : selected;
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

interface FilterContext {
  readonly all: readonly ContainerRecord[];
  readonly ancestors: (image: string) => readonly string[];
  /** `none` for a container that is not asked for it. */
  readonly health: (id: string) => string;
}

type Test = (container: ContainerRecord) => boolean;

function filterTest(key: string, values: readonly string[], { all, ancestors, health }: FilterContext): Test {
  const some =
    (accepts: (container: ContainerRecord, value: string) => boolean): Test =>
    (container) =>
      values.some((value) => accepts(container, value));
  switch (key) {
    case "id":
      return some(({ id }, value) => id.startsWith(value));
    case "name": {
      const patterns = values.map((value) => namePattern(value));
      return ({ name }) => patterns.some((pattern) => pattern.test(name) || pattern.test(`/${name}`));
    }
    case "label":
      return ({ config }) => values.every((value) => hasLabel(config.labels, value));
    case "status": {
      const unknown = values.find((value) => !statuses.has(value));
      if (unknown !== undefined) throw new EngineError("invalid", `invalid filter 'status=${unknown}'`);
      return some(({ status }, value) => status === value);
    }
    case "exited": {
      const bad = values.find((value) => !/^-?\d+$/.test(value));
      if (bad !== undefined) throw new EngineError("invalid", `invalid filter 'exited=${bad}'`);
      return some(
        ({ status, exitCode, startedAt }, value) =>
          !countsAsRunning({ status }) && !startedAt.startsWith("0001-") && exitCode === Number(value),
      );
    }
    case "ancestor": {
      const ids = new Set(values.flatMap((value) => [value, ...ancestors(value)]));
      return ({ imageId, config }) => ids.has(imageId) || ids.has(config.image);
    }
    case "volume":
      return some(({ mounts }, value) =>
        mounts.some(
          (mount) => mount.volume === value || mount.destination === value || mount.source === value,
        ),
      );
    case "network":
      return some((container, value) =>
        networksOf(container).some(({ name, networkId }) => name === value || networkId === value),
      );
    case "before": {
      const oldest = references(values, all).reduce((a, b) => (a < b ? a : b), "9");
      return ({ createdAt }) => createdAt < oldest;
    }
    case "since": {
      const newest = references(values, all).reduce((a, b) => (a > b ? a : b), "");
      return ({ createdAt }) => createdAt > newest;
    }
    case "health": {
      const known = ["none", "starting", "healthy", "unhealthy"];
      const unknown = values.find((value) => !known.includes(value));
      if (unknown !== undefined) throw new EngineError("invalid", `invalid filter 'health=${unknown}'`);
      return some(({ id }, value) => health(id) === value);
    }
    case "is-task":
      return some((_container, value) => value === "false" || value === "0");
    // Of Windows: nothing here has one.
    case "isolation":
      return some((_container, value) => value === "" || value === "default");
    case "publish":
    case "expose": {
      const ranges = values.map((value) => portRange(key, value));
      const isWanted = (port: PortOf): boolean =>
        ranges.some(
          ({ first, last, protocol }) =>
            port.protocol === protocol && first <= port.containerPort && port.containerPort <= last,
        );
      return key === "expose"
        ? ({ config }) => config.exposedPorts.map(exposedPort).some(isWanted)
        : ({ ports = [] }) => ports.some(isWanted);
    }
    default:
      throw new EngineError("invalid", `invalid filter '${key}'`);
  }
}

type PortOf = ReturnType<typeof exposedPort>;

/** `80`, `8000-8010/udp`. */
function portRange(key: string, text: string) {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > last || last > 65_535) {
    throw new EngineError("invalid", `invalid filter '${key}=${text}'`);
  }
  return { first, last, protocol: match[3] ?? "tcp" };
}

const references = (values: readonly string[], all: readonly ContainerRecord[]): readonly string[] =>
  values.map((value) => resolveContainer(value, all).createdAt);

function namePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new EngineError("invalid", `invalid filter 'name=${text}'`, { cause: error });
  }
}

/** `key` or `key=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals === -1) return Object.hasOwn(labels, wanted);
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

import {
  busyboxRootfs,
  findPeer,
  runCommand,
  startDockerRegistry,
  TempDir,
  type TestEngine,
} from "@davit/testkit";
import { seenEvents } from "../e2e/seen-events.ts";
import { blank } from "./blank.ts";
import { eventSteps, type Filter, firstSteps } from "./event-steps.ts";
import { preparePlaces } from "./places.ts";

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, unknown>> };
  readonly time: unknown;
  readonly timeNano: unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const isEvent = (value: unknown): value is Event =>
  isObject(value) &&
  typeof value["Type"] === "string" &&
  typeof value["Action"] === "string" &&
  isObject(value["Actor"]) &&
  typeof value["Actor"]["ID"] === "string" &&
  isObject(value["Actor"]["Attributes"]);

function parseEvent(line: string): Event {
  const event: unknown = JSON.parse(line);
  if (isEvent(event)) return event;
  throw new Error(`this is no event: ${line}`);
}

/** What one engine tells of all steps. */
export interface EventListing {
  /** In the order of `filters`. */
  readonly narrowed: readonly (readonly string[])[];
  readonly untilMoment: readonly string[];
  readonly sinceMoment: readonly string[];
  /** What came to a client that listened all the while. */
  readonly heard: readonly string[];
}

/** Takes every step at an engine that has just been started, and asks it what has happened. */
export async function listEvents(
  start: () => Promise<TestEngine>,
  filters: readonly Filter[],
): Promise<EventListing> {
  await using dir = await TempDir.create("ev");
  await using cleanup = new AsyncDisposableStack();
  const registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  const places = {
    ...(await preparePlaces(dir)),
    registry: registry.host,
    exported: dir.join("exported.tar"),
  };
  await using engine = await start();
  cleanup.use(await engine.network.letIn(Number(new URL(registry.url).port)));
  const shown = (text: string, made: readonly string[] = []): readonly string[] =>
    readEvents(text, made).map((event) => blank(JSON.stringify(event), { engineDir: engine.dir, places }));

  const began = seconds();
  const heard = runCommand(
    findPeer("curl"),
    ["-sN", "--unix-socket", engine.socket, "http://d/v1.41/events"],
    {
      env: engine.environment(),
    },
  );
  await engine.ok(["import", "-", "busybox:latest"], { input: await busyboxRootfs() });
  let moment = "";
  for (const [index, step] of eventSteps.entries()) {
    if (index === firstSteps) moment = seconds();
    const seen = /^\{seen (\w+) (\w+)\}$/.exec(step);
    if (seen === null) await engine.docker(wordsOf(step, places));
    else await seenEvents(engine, { container: seen[1] ?? "", action: seen[2] ?? "" });
  }
  process.kill(await engine.pid(), "SIGHUP");
  await seenEvents(engine, { action: "reload" });
  const ended = seconds();
  const ask = async (since: string, until: string, filter = {}, made: readonly string[] = []) => {
    const query = new URLSearchParams({ since, until, filters: JSON.stringify(filter) });
    const { status, body } = await engine.request("GET", `/v1.41/events?${query.toString()}`);
    if (status !== 200) throw new Error(`${engine.name}: events ${JSON.stringify(filter)}: ${body}`);
    return shown(body, made);
  };
  const narrowed: (readonly string[])[] = [];
  for (const filter of filters) narrowed.push(await ask(began, ended, filter));
  const untilMoment = await ask(began, moment);
  const sinceMoment = await ask(moment, ended, {}, ["one", "plain"]);
  await engine.stop();
  return { narrowed, untilMoment, sinceMoment, heard: shown((await heard).stdout) };
}

/** Now, and not before what has just happened. */
const seconds = (): string => (Date.now() / 1000 + 0.001).toFixed(3);

function wordsOf(line: string, places: Readonly<Record<string, string>>): readonly string[] {
  const filled = line.replaceAll(/\{([a-z][a-z-]*)\}/g, (whole, name: string) => places[name] ?? whole);
  return [...filled.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}

/** Without times; members in the order of their names. `made` are the volumes that have been made before. */
function readEvents(text: string, made: readonly string[]): readonly unknown[] {
  const events = text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseEvent);
  return toldOnce(mountsSorted(stopsLast(events)), made).map(
    ({ time: _seconds, timeNano: _nanoseconds, ...event }) => ({
      ...event,
      Actor: {
        ID: event.Type === "daemon" ? "{engine-id}" : event.Actor.ID,
        Attributes: Object.fromEntries(
          Object.entries(event.Actor.Attributes)
            // Of a reload both tell all settings, which are each engine's own.
            .filter(([name]) => event.Type !== "daemon" || name === "name")
            .toSorted(([one], [other]) => (one < other ? -1 : 1)),
        ),
      },
    }),
  );
}

/** dockerd's `stop` races with the end that it waits for: here it comes when all of that has been told. */
function stopsLast(events: readonly Event[]): readonly Event[] {
  const sorted: Event[] = [];
  const held: Event[] = [];
  for (const event of events) {
    if (event.Type === "container" && event.Action === "stop") held.push(event);
    else {
      if (event.Type === "container" && event.Action !== "die") sorted.push(...held.splice(0));
      sorted.push(event);
    }
  }
  return [...sorted, ...held];
}

/** dockerd mounts a container's volumes, and unmounts them, in no order. */
function mountsSorted(events: readonly Event[]): readonly Event[] {
  const sorted: Event[] = [];
  const run: Event[] = [];
  const end = (): void =>
    void sorted.push(...run.splice(0).toSorted((one, other) => (one.Actor.ID < other.Actor.ID ? -1 : 1)));
  for (const event of events) {
    if (event.Action !== run[0]?.Action) end();
    if (event.Type === "volume" && event.Action.endsWith("mount")) run.push(event);
    else sorted.push(event);
  }
  end();
  return sorted;
}

/**
 * dockerd 20.10 tells that a volume was made also when it was there already, and twice that a running container has left a network:
 * `events-told-once`.
 */
function toldOnce(events: readonly Event[], made: readonly string[]): readonly Event[] {
  const volumes = new Set(made);
  let last = "";
  return events.filter(({ Type, Action, Actor }) => {
    const before = last;
    last = JSON.stringify({ Type, Action, Actor });
    if (Type === "network" && Action === "disconnect") return last !== before;
    if (Type !== "volume") return true;
    if (Action === "destroy") volumes.delete(Actor.ID);
    if (Action !== "create") return true;
    const isNew = !volumes.has(Actor.ID);
    volumes.add(Actor.ID);
    return isNew;
  });
}

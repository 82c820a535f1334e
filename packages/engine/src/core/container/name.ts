import { EngineError } from "../errors.ts";
import { isFullId } from "../identifiers.ts";
import { linkTarget } from "./links.ts";
import type { ContainerRecord } from "./record.ts";

const adjectives =
  `able afloat ahoy ample astern balmy bold brave breezy bright brisk briny buoyant calm candid
  clear coastal crisp daring dauntless eager easterly even fair fearless fleet foamy frank gallant gentle glad
  hale hardy hearty jaunty jolly keen leeward lively loyal lucky mellow merry misty nimble northerly pelagic
  plucky proud quick quiet ready rugged salty seaworthy serene shipshape spirited staunch steady stout sturdy
  sunny swift tidal trim trusty upright valiant watchful weathered westerly windward`.split(/\s+/);

const surnames =
  `amundsen anning banks barents baret beaufort bering blake bligh bougainville bowditch bullard
  byrd cabot carson chichester columbus cook cousteau dampier darwin davis drake earle ekman erikson fitzroy
  flinders franklin frobisher gama hadley harrison hudson humboldt jansson kuroshio laperouse lind maathai
  magellan maury mercator moitessier munk nansen noonan park peary pytheas raleigh ross scott shackleton
  slocum smeaton sverdrup tabarly tasman tharp torres vancouver vespucci weddell wegener zheng`.split(/\s+/);

/** A name nobody typed: an adjective and somebody who went to sea or studied it. */
export function inventName(isTaken: (name: string) => boolean, random: () => number = Math.random): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? "davit";
  for (let suffix = 0; ; suffix++) {
    const name = `${pick(adjectives)}_${pick(surnames)}${suffix < 8 ? "" : String(suffix)}`;
    if (!isTaken(name)) return name;
  }
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** A name that was typed, without its slash; free of conflict with the others. */
export function checkedName(typed: string, others: readonly ContainerRecord[]): string {
  const name = typed.startsWith("/") ? typed.slice(1) : typed;
  if (!namePattern.test(name)) {
    throw new EngineError(
      "invalid",
      `Invalid container name (${typed}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  const owner = others.find((other) => other.name === name);
  if (owner !== undefined) {
    throw new EngineError(
      "conflict",
      `Conflict. The container name "/${name}" is already in use by container "${owner.id}". ` +
        "You have to remove (or rename) that container to be able to reuse that name.",
    );
  }
  return name;
}

/** Finds a container by full ID, then name, then the name of a link to it, then prefix of its ID. */
export function resolveContainer(typed: string, all: readonly ContainerRecord[]): ContainerRecord {
  const name = typed.startsWith("/") ? typed.slice(1) : typed;
  const exact =
    all.find(({ id }) => id === typed) ??
    all.find((container) => container.name === name) ??
    linkTarget(typed, all);
  if (exact !== undefined) return exact;
  const matches = isFullId(typed) || typed === "" ? [] : all.filter(({ id }) => id.startsWith(typed));
  const [match] = matches;
  if (match === undefined) throw new EngineError("not-found", `No such container: ${typed}`);
  if (matches.length > 1) {
    throw new EngineError("invalid", `multiple IDs found with provided prefix: ${typed}`);
  }
  return match;
}

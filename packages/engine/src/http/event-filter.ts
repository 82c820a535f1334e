import type { Event } from "@davit/protocol";
import type { Filters } from "./filters.ts";

/** The keys by which events can be narrowed. */
export const eventFilterKeys = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
] as const;

/** Keys whose values are an actor's ID or name, or a beginning of one. */
const actorKeys = [
  "config",
  "container",
  "daemon",
  "network",
  "node",
  "plugin",
  "secret",
  "service",
  "volume",
] as const;

/** Which events a client wants. Semantics of moby's `daemon/events/filter.go`. */
export function eventMatcher(filters: Filters): (event: Event) => boolean {
  return ({ Type, Action, Actor, scope }) =>
    matchesAction(filters, Action) &&
    filters.exact("type", Type) &&
    filters.exact("scope", scope) &&
    actorKeys.every(
      (key) => filters.prefix(key, Actor.ID) || filters.prefix(key, Actor.Attributes["name"] ?? ""),
    ) &&
    matchesImage(filters, Type, Actor) &&
    filters.labels("label", Actor.Attributes);
}

/** These actions carry details after a colon, so that only their beginning can be known. */
const detailed = ["health_status", "exec_create", "exec_start"];

function matchesAction(filters: Filters, action: string): boolean {
  const wanted = filters.values("event");
  return wanted.some((value) => detailed.includes(value))
    ? filters.prefix("event", action)
    : filters.exact("event", action);
}

function matchesImage(filters: Filters, type: string, { ID, Attributes }: Event["Actor"]): boolean {
  const name = Attributes[type === "image" ? "name" : "image"] ?? "";
  return [ID, name, withoutTag(ID), withoutTag(name)].some((text) => filters.exact("image", text));
}

/** `host:5000/a:tag` without its tag. */
const withoutTag = (name: string): string => name.replace(/(@[^@/]*|:[^:/]*)$/, "");

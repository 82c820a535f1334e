import type { Event } from "@davit/protocol";

export type EventType = "plugin" | "volume" | "container" | "image" | "network" | "daemon";

/** Something that happened, before it has a time. */
export interface EventFact {
  readonly type: EventType;
  readonly action: string;
  /** Actor's ID. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EventPublisher {
  publish(fact: EventFact): void;
}

export interface EventSource {
  /** Past events between the two times (seconds since 1970) that are still remembered, then those to come. */
  subscribe(query: EventQuery, signal: AbortSignal): AsyncIterable<Event>;
}

export interface EventQuery {
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly matches: (event: Event) => boolean;
}

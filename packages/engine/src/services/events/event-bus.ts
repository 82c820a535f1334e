import type { Event } from "@davit/protocol";
import type { EventFact, EventPublisher, EventQuery, EventSource } from "../../core/events.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { EventQueue } from "./event-queue.ts";

/** How many past events are remembered. */
const memory = 1024;
/** How many events wait for one slow subscriber before it is dropped. */
const queueLimit = 4096;
/** A double near 2^60 tells times apart in steps of 256 ns. */
const stepNano = 256;

export interface EventBusOptions {
  /** Milliseconds since 1970, with fraction. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Gives what happens its time, remembers the last of it, and hands it to whoever listens. */
export class EventBus implements EventPublisher, EventSource {
  readonly #options: EventBusOptions;
  readonly #past: Event[] = [];
  readonly #queues = new Map<EventQueue, EventQuery>();
  #lastNano = 0;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  publish(fact: EventFact): void {
    // Never twice the same time, so that a client can go on where it stopped.
    this.#lastNano = Math.max(Math.round(this.#options.now() * 1e6), this.#lastNano + stepNano);
    const event = eventOf(fact, this.#lastNano);
    this.#past.push(event);
    if (this.#past.length > memory) this.#past.shift();
    for (const [queue, query] of this.#queues) if (query.matches(event)) queue.push(event);
  }

  subscribe(query: EventQuery, signal: AbortSignal): AsyncIterable<Event> {
    const { since, until } = query;
    const queue = new EventQueue(queueLimit);
    if (since !== undefined) {
      for (const event of this.#past) {
        const isWanted = seconds(event) >= since && (until === undefined || seconds(event) <= until);
        if (isWanted && query.matches(event)) queue.push(event);
      }
    }
    const remainingMs = until === undefined ? undefined : until * 1000 - this.#options.now();
    if (signal.aborted || (remainingMs !== undefined && remainingMs <= 0)) {
      queue.end();
      return queue;
    }
    this.#attach(queue, query, signal, remainingMs);
    return queue;
  }

  #attach(queue: EventQueue, query: EventQuery, signal: AbortSignal, remainingMs: number | undefined): void {
    const end = () => queue.end();
    // Past the longest timer (25 days) it is as good as no end.
    const isTimed = remainingMs !== undefined && remainingMs < 2 ** 31;
    const timer = isTimed ? setTimeout(end, remainingMs) : undefined;
    this.#queues.set(queue, query);
    signal.addEventListener("abort", end, { once: true });
    queue.onEnd((overflowed) => {
      this.#queues.delete(queue);
      signal.removeEventListener("abort", end);
      clearTimeout(timer);
      if (overflowed) this.#options.logger.warn({}, "event subscriber dropped: it reads too slowly");
    });
  }
}

/** Seconds since 1970, as queries count. */
const seconds = ({ timeNano }: Event): number => timeNano / 1e9;

function eventOf({ type, action, id, attributes }: EventFact, timeNano: number): Event {
  const event: Event = {
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: { ...attributes } },
    scope: "local",
    time: Math.floor(timeNano / 1e9),
    timeNano,
  };
  // Fields from before events had types; newer types never had them.
  if (type !== "container" && type !== "image") return event;
  const from = attributes["image"];
  return { status: action, ...(id === "" ? {} : { id }), ...(from === undefined ? {} : { from }), ...event };
}

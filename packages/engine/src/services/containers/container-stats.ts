import { resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import {
  parseInterfaces,
  parseSystemCpu,
  statsView,
  type UsageSample,
} from "../../core/container/stats-view.ts";
import { type ContainerPorts, namespace } from "./container-ports.ts";

export interface StatsRequest {
  /** One answer a second until the container is removed, or one alone. */
  readonly stream: boolean;
  /** Without a sample before it; only with `stream` off. */
  readonly oneShot: boolean;
}

export type Stats = ReturnType<typeof statsView>;

const intervalMs = 1000;

/** What containers use of the machine. */
export class ContainerStats {
  readonly #ports: ContainerPorts;

  constructor(ports: ContainerPorts) {
    this.#ports = ports;
  }

  /** Fails at once if there is no such container; clients give each answer as it comes. */
  read(typed: string, request: StatsRequest, signal: AbortSignal): AsyncIterable<Stats> {
    const { id } = resolveContainer(typed, this.#ports.state.containers.list());
    return this.#read(id, request, signal);
  }

  async *#read(
    id: string,
    { stream, oneShot }: StatsRequest,
    signal: AbortSignal,
  ): AsyncGenerator<Stats, void, undefined> {
    let previous: UsageSample | undefined;
    // A rate needs two samples: the first is kept back unless it is all that is wanted.
    let isFirst = !stream && !oneShot;
    for (;;) {
      const record = this.#ports.state.containers.get(id);
      if (record === undefined || signal.aborted) return;
      const sample = await this.#sample(record);
      if (!isFirst || sample === undefined) yield statsView(record, sample, previous);
      if (!stream && !(isFirst && sample !== undefined)) return;
      isFirst = false;
      previous = sample;
      if (!(await elapsed(intervalMs, signal))) return;
    }
  }

  async #sample(record: ContainerRecord): Promise<UsageSample | undefined> {
    if (record.status !== "running" && record.status !== "paused") return undefined;
    const { control, host, logger } = this.#ports;
    try {
      const [usage, stat = "", memory = "", interfaces = ""] = await Promise.all([
        control.usage(namespace, record.id),
        host.readSmallFile("/proc/stat"),
        host.readSmallFile("/proc/meminfo"),
        record.networkMode === "host" ? "" : host.readSmallFile(`/proc/${record.pid}/net/dev`),
      ]);
      const memoryKib = Number(/^MemTotal:\s*(\d+) kB$/m.exec(memory)?.[1] ?? 0);
      return {
        at: new Date(),
        usage,
        ...parseSystemCpu(stat),
        memoryBytes: memoryKib * 1024,
        networks: parseInterfaces(interfaces),
      };
    } catch (error) {
      // It has ended between the question and the answer.
      logger.debug({ err: error, container: record.id }, "a container's usage is not known");
      return undefined;
    }
  }
}

/** Whether the time passed, and not the signal fired before. */
function elapsed(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (passed: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(passed);
    };
    const abort = (): void => finish(false);
    const timer = setTimeout(() => finish(true), milliseconds);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
}

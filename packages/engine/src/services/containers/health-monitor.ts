import { execCreateBodySchema } from "@davit/protocol";
import {
  afterProbe,
  type Health,
  type ProbePlan,
  type ProbeResult,
  probePlan,
  startingHealth,
} from "../../core/container/healthcheck.ts";
import { messageOf } from "../../core/errors.ts";
import { goDuration } from "../../core/go-duration.ts";
import type { ExecSessions } from "../exec/exec-sessions.ts";
import { type ContainerPorts, publishContainerEvent } from "./container-ports.ts";

interface Watched {
  readonly plan: ProbePlan;
  readonly begunAt: number;
  readonly stop: AbortController;
  timer: NodeJS.Timeout | undefined;
  health: Health;
}

/** As much of a probe's output is kept, as in the Engine. */
const keptOutputBytes = 4096;

/** Asks running containers for their health, as their health checks say. */
export class HealthMonitor {
  readonly #ports: ContainerPorts;
  readonly #exec: ExecSessions;
  readonly #watched = new Map<string, Watched>();
  readonly #asking = new Set<Promise<void>>();

  constructor(ports: ContainerPorts, exec: ExecSessions) {
    this.#ports = ports;
    this.#exec = exec;
  }

  /** Undefined for a container that is not asked. One that has ended keeps its last answer. */
  health(id: string): Health | undefined {
    return this.#watched.get(id)?.health;
  }

  /** Begins to ask a container that has just started, or is found running. */
  watch(id: string): void {
    this.drop(id);
    const plan = probePlan(this.#ports.state.containers.get(id)?.config.healthcheck);
    if (plan === undefined) return;
    const watched: Watched = {
      plan,
      begunAt: Date.now(),
      stop: new AbortController(),
      timer: undefined,
      health: startingHealth,
    };
    this.#watched.set(id, watched);
    this.#next(id, watched);
  }

  /** Stops asking. */
  forget(id: string): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    clearTimeout(watched.timer);
    watched.stop.abort();
    // Who reads no more than this takes what does not run for unwell, as with dockerd.
    watched.health = { ...watched.health, status: "unhealthy" };
  }

  /** Forgets what was answered, too. */
  drop(id: string): void {
    this.forget(id);
    this.#watched.delete(id);
  }

  /** Resolves when no probe runs any more. */
  async close(): Promise<void> {
    for (const id of this.#watched.keys()) this.forget(id);
    await Promise.all(this.#asking);
  }

  #next(id: string, watched: Watched): void {
    if (watched.stop.signal.aborted) return;
    const { intervalMs, startIntervalMs } = watched.plan;
    const delayMs = isStarting(watched) ? Math.min(startIntervalMs, intervalMs) : intervalMs;
    watched.timer = setTimeout(() => this.#begin(id, watched), delayMs);
  }

  #begin(id: string, watched: Watched): void {
    const asking = this.#ask(id, watched).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }

  async #ask(id: string, watched: Watched): Promise<void> {
    const record = this.#ports.state.containers.get(id);
    // Nothing in a paused container answers, and that says nothing about it.
    if (record?.status === "running") {
      const result = await this.#probe(id, watched);
      if (watched.stop.signal.aborted) return;
      const before = watched.health;
      watched.health = afterProbe(before, result, {
        retries: watched.plan.retries,
        isStarting: isStarting(watched),
      });
      if (watched.health.status !== before.status) {
        publishContainerEvent(this.#ports.events, record, `health_status: ${watched.health.status}`);
      }
    }
    this.#next(id, watched);
  }

  async #probe(id: string, { plan, stop }: Watched): Promise<ProbeResult> {
    const startedAt = new Date().toISOString();
    const late = AbortSignal.timeout(plan.timeoutMs);
    const answer = await this.#run(id, plan.command, AbortSignal.any([late, stop.signal])).catch(
      (error: unknown) => ({ exitCode: -1, output: messageOf(error) }),
    );
    const result = late.aborted ? { exitCode: -1, output: lateText(plan, answer.output) } : answer;
    return { startedAt, endedAt: new Date().toISOString(), ...result };
  }

  /** What still runs once the signal has fired is killed, so that probes do not pile up. */
  async #run(id: string, command: readonly string[], signal: AbortSignal) {
    const request = execCreateBodySchema.parse({ Cmd: command, AttachStdout: true, AttachStderr: true });
    const execId = this.#exec.create(id, request);
    const { output } = await this.#exec.start(execId, undefined, signal);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const { bytes } of output) {
      if (size < keptOutputBytes) chunks.push(bytes);
      size += bytes.length;
    }
    if (signal.aborted) await this.#kill(id, execId);
    const text = Buffer.concat(chunks).subarray(0, keptOutputBytes).toString("utf8");
    return { exitCode: this.#exec.inspect(execId).ExitCode ?? -1, output: text };
  }

  async #kill(id: string, execId: string): Promise<void> {
    try {
      await this.#exec.kill(execId);
    } catch (error) {
      // With its container it has ended anyway.
      const isRunning = this.#ports.state.containers.get(id)?.status === "running";
      if (isRunning) this.#ports.logger.error({ err: error, container: id }, "could not kill a health check");
    }
  }
}

const lateText = ({ timeoutMs }: ProbePlan, output: string): string =>
  `Health check exceeded timeout (${goDuration(timeoutMs)})${output === "" ? "" : `: ${output}`}`;

const isStarting = ({ plan, begunAt, health }: Watched): boolean =>
  plan.startPeriodMs > 0 && health.status === "starting" && Date.now() - begunAt < plan.startPeriodMs;

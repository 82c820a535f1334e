import type { ExecCreateBody, ExecInspect } from "@davit/protocol";
import { boundingSet } from "../../core/container/bounding-set.ts";
import { parseDetachKeys } from "../../core/container/detach-keys.ts";
import { containerEnvironment } from "../../core/container/environment.ts";
import { execProcess, processOfBundle } from "../../core/container/exec-process.ts";
import { outputBytes } from "../../core/container/log-line.ts";
import { resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { startFailureExitCode } from "../../core/container/start-failure.ts";
import { resolveUser } from "../../core/container/user.ts";
import { EngineError, messageOf } from "../../core/errors.ts";
import { newId } from "../../core/identifiers.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { ExecutedProcess } from "../../core/ports/process-control.ts";
import type { TerminalSize } from "../../core/ports/process-input.ts";
import { allCapabilities } from "../../core/runtime-spec/defaults.ts";
import type { ContainerLinks } from "../containers/container-links.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "../containers/container-ports.ts";
import type { OutputChunk } from "../containers/output-chunks.ts";
import { detachable } from "./detachable.ts";
import { type ExecSession, execView } from "./exec-session.ts";

/** How long an ended one can be asked for its exit code. */
const keptMs = 5 * 60_000;

/** What a program that could not be run counts as, unless its failure tells more. */
const unrunnableExitCode = 126;

const unknownExitCode = 255;

/** How long the news of an end may be behind the end of its streams. */
const newsMs = 1000;

/** A program that runs, and the client's ends of its streams. */
export interface RunningExec {
  readonly tty: boolean;
  /** Ends when the program has, or when the client has detached. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Passes what the client sends to the program; nothing if it has no standard input. */
  input(source: ByteStream): Promise<void>;
}

/** Programs that run in containers besides their own. The engine remembers them for as long as it runs. */
export class ExecSessions {
  readonly #ports: ContainerPorts;
  readonly #links: ContainerLinks;
  readonly #sessions = new Map<string, ExecSession>();
  #cleared: Promise<void> = Promise.resolve();

  constructor(ports: ContainerPorts, links: ContainerLinks) {
    this.#ports = ports;
    this.#links = links;
  }

  /** Removes what programs of an earlier engine left; those that still run go on, unheard. */
  clearLeftovers(): Promise<void> {
    const { state, host, layout, logger } = this.#ports;
    const dirs = state.containers.list().map(({ id }) => layout.exec(id, "").logDir);
    const removals = [layout.execBundles, ...dirs].map((dir) => host.removeTree(dir));
    this.#cleared = Promise.all(removals).then(
      () => undefined,
      (error: unknown) => logger.error({ err: error }, "could not clear what programs left"),
    );
    return this.#cleared;
  }

  create(typed: string, request: ExecCreateBody): string {
    const record = resolveContainer(typed, this.#ports.state.containers.list());
    if (request.Cmd.length === 0) throw new EngineError("invalid", "No exec command specified");
    this.#requireRunning(record, typed);
    const detachKeys = request.DetachKeys === "" ? [] : parseDetachKeys(request.DetachKeys);
    const { environment: given } = this.#links.atStart(record);
    this.#forgetOld();
    const id = newId();
    const session: ExecSession = {
      id,
      containerId: record.id,
      request,
      detachKeys,
      environment: containerEnvironment(record.config, { tty: request.Tty, given }),
      state: { status: "created" },
    };
    this.#sessions.set(id, session);
    this.#publish(session, `exec_create: ${commandOf(session)}`);
    return id;
  }

  inspect(id: string): ExecInspect {
    return execView(this.#find(id));
  }

  /** The IDs of those that a container has, run or not. */
  ofContainer(containerId: string): readonly string[] {
    return [...this.#sessions.values()]
      .filter((session) => session.containerId === containerId && session.state.status !== "ended")
      .map(({ id }) => id);
  }

  /** Runs it, and leaves it alone. */
  async startDetached(id: string): Promise<void> {
    await this.#run(this.#startable(id), { attached: false });
  }

  /** Fails with not-found only if there is none: whatever else is wrong is told when it is run. */
  requireKnown(id: string): { readonly tty: boolean } {
    return { tty: this.#find(id).request.Tty };
  }

  /** Runs it with the client's streams. */
  async start(id: string, size: TerminalSize | undefined, signal: AbortSignal): Promise<RunningExec> {
    const session = this.#startable(id);
    const { request, containerId } = session;
    const executed = await this.#run(session, { attached: true });
    const { bundle, log } = this.#ports.layout.exec(containerId, id);
    if (size !== undefined && request.Tty) await this.#firstSize(session, bundle, size);
    const detached = new AbortController();
    const either = AbortSignal.any([signal, detached.signal]);
    return {
      tty: request.Tty,
      output: this.#output(session, executed, either, log),
      input: async (source) => {
        if (!request.AttachStdin) return;
        const ended = new AbortController();
        void executed.exited.then(() => ended.abort());
        const onDetach = (): void => {
          this.#publish(session, "exec_detach");
          detached.abort();
        };
        const typed = request.Tty ? detachable(source, session.detachKeys, onDetach) : source;
        try {
          await this.#ports.input.send(bundle, typed, AbortSignal.any([either, ended.signal]));
        } catch (error) {
          // Its streams go with a program that has ended; nobody misses what it did not read.
          if (!ended.signal.aborted && !(await hasEnded(executed.exited))) throw error;
        }
      },
    };
  }

  /** Ends it with all that it has started; one that does not run is left alone. */
  async kill(id: string): Promise<void> {
    const { containerId, state } = this.#find(id);
    if (state.status !== "running" || state.pid === 0) return;
    await this.#ports.control.killExecuted(namespace, containerId, state.pid);
    await state.exited;
  }

  /** Sets the size of its terminal; before it runs there is none, and while it is being started it is waited for. */
  async resize(id: string, size: TerminalSize): Promise<void> {
    const { containerId, request, state } = this.#find(id);
    if (state.status === "running") await state.started;
    if (this.#find(id).state.status !== "running") throw new EngineError("not-found", "no such exec");
    if (request.Tty) await this.#ports.input.resize(this.#ports.layout.exec(containerId, id).bundle, size);
  }

  /** A program may have ended before anybody could tell it. */
  async #firstSize({ id }: ExecSession, bundle: string, size: TerminalSize): Promise<void> {
    try {
      await this.#ports.input.resize(bundle, size);
    } catch (error) {
      this.#ports.logger.debug({ err: error, exec: id }, "terminal has no size");
    }
  }

  async *#output(
    { request }: ExecSession,
    { exited }: ExecutedProcess,
    signal: AbortSignal,
    log: string,
  ): AsyncGenerator<OutputChunk, void, undefined> {
    try {
      const entries = this.#ports.logs.read(log, { follow: true, until: exited, signal });
      for await (const entry of entries) {
        const isWanted = entry.stream === "stdout" ? request.AttachStdout : request.AttachStderr;
        if (isWanted) yield { stream: entry.stream, bytes: outputBytes(entry, undefined) };
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      // What it goes on to write after the client has left is read by nobody.
      await this.#ports.host.removeTree(log);
    }
  }

  #startable(id: string): ExecSession {
    const session = this.#find(id);
    const { status } = session.state;
    if (status !== "created") {
      const what = status === "ended" ? "has already run" : "is already running";
      throw new EngineError("conflict", `Error: Exec command ${id} ${what}`);
    }
    return session;
  }

  async #run(session: ExecSession, options: { readonly attached: boolean }): Promise<ExecutedProcess> {
    const { id, containerId, request } = session;
    const record = this.#ports.state.containers.get(containerId);
    if (record === undefined) throw new EngineError("not-found", `No such container: ${containerId}`);
    this.#requireRunning(record, record.name);
    const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    // From here on it cannot be started again.
    this.#sessions.set(id, { ...session, state: { status: "running", pid: 0, started, exited } });
    this.#publish(session, `exec_start: ${commandOf(session)}`);
    const { bundle, log } = this.#ports.layout.exec(containerId, id);
    try {
      await this.#cleared;
      const executed = await this.#ports.control.exec({
        namespace,
        id: containerId,
        bundle,
        process: await this.#process(record, session),
        logPath: options.attached && (request.AttachStdout || request.AttachStderr) ? log : undefined,
        stdin: options.attached && request.AttachStdin,
      });
      this.#sessions.set(id, {
        ...session,
        state: { status: "running", pid: executed.pid, started, exited },
      });
      void this.#exitCode(executed).then((exitCode) => {
        this.#end(session, executed.pid, exitCode);
        exit(exitCode);
      });
      return { pid: executed.pid, exited };
    } catch (error) {
      const code = startFailureExitCode(messageOf(error));
      this.#end(session, 0, code === 128 ? unrunnableExitCode : code);
      await this.#ports.host.removeTree(log);
      throw error;
    } finally {
      start();
    }
  }

  async #exitCode({ exited }: ExecutedProcess): Promise<number> {
    try {
      return await exited;
    } catch (error) {
      this.#ports.logger.error({ err: error }, "could not clean up after a program");
      return unknownExitCode;
    }
  }

  async #process(record: ContainerRecord, { request, environment }: ExecSession) {
    const { host, files, layout } = this.#ports;
    const { bundle, rootfs } = layout.container(record.id);
    const view = { rootfs, readOnly: true, mounts: [] };
    const [spec, status = "", passwd = "", group = ""] = await Promise.all([
      host.readSmallFile(`${bundle}/config.json`),
      host.readSmallFile("/proc/self/status"),
      // The container may have put anything there: links that lead out, FIFOs.
      files.readText(view, "/etc/passwd"),
      files.readText(view, "/etc/group"),
    ]);
    if (spec === undefined) throw new EngineError("conflict", `Container ${record.id} is not running`);
    const own = boundingSet(status);
    return execProcess(request, {
      base: processOfBundle(spec),
      user: request.User === "" ? undefined : resolveUser(request.User, passwd, group),
      allCapabilities: own === undefined ? allCapabilities : allCapabilities.filter((name) => own.has(name)),
      environment,
    });
  }

  #end(session: ExecSession, pid: number, exitCode: number): void {
    const state = { status: "ended", pid, exitCode, endedAt: Date.now() } as const;
    this.#sessions.set(session.id, { ...session, state });
    this.#publish(session, "exec_die", { exitCode: String(exitCode) });
  }

  #publish(session: ExecSession, action: string, more: Readonly<Record<string, string>> = {}): void {
    const record = this.#ports.state.containers.get(session.containerId);
    if (record !== undefined) {
      publishContainerEvent(this.#ports.events, record, action, { execID: session.id, ...more });
    }
  }

  #requireRunning({ id, status }: ContainerRecord, typed: string): void {
    if (status === "paused") {
      throw new EngineError("conflict", `Container ${typed} is paused, unpause the container before exec`);
    }
    if (status === "restarting") {
      throw new EngineError("conflict", `Container ${id} is restarting, wait until the container is running`);
    }
    if (status !== "running") throw new EngineError("conflict", `Container ${id} is not running`);
  }

  #find(id: string): ExecSession {
    const session = this.#sessions.get(id);
    if (session === undefined || this.#ports.state.containers.get(session.containerId) === undefined) {
      throw new EngineError("not-found", `No such exec instance: ${id}`);
    }
    return session;
  }

  /** Done when another is made: sessions need no clock of their own. */
  #forgetOld(): void {
    const now = Date.now();
    for (const { id, containerId, state } of this.#sessions.values()) {
      const isOld = state.status === "ended" && now - state.endedAt > keptMs;
      const record = this.#ports.state.containers.get(containerId);
      const isStale =
        state.status === "created" && record?.status !== "running" && record?.status !== "paused";
      if (isOld || isStale || record === undefined) this.#sessions.delete(id);
    }
  }
}

/** As events name it: each word with a space after the first. */
const commandOf = ({ request }: ExecSession): string => {
  const [program = "", ...words] = request.Cmd;
  return `${program} ${words.join(" ")}`;
};

async function hasEnded(exited: Promise<number>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), newsMs);
  try {
    return await Promise.race([exited.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}

import { resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { resolveUser } from "../../core/container/user.ts";
import { EngineError, ProcessGone } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { FileView, PathStat } from "../../core/ports/container-files.ts";
import type { Owner } from "../../core/ports/host.ts";
import { type ContainerPorts, publishContainerEvent } from "./container-ports.ts";
import type { ExitWaiters } from "./exit-waiters.ts";
import { mountVolume } from "./start-mounts.ts";

export interface PutOptions {
  /** Refuse to put a directory in the place of something else, or the other way round. */
  readonly keepKinds: boolean;
  /** The files become the container's user's. */
  readonly ownedByUser: boolean;
  readonly signal: AbortSignal;
}

export interface PackedPath {
  readonly stat: PathStat;
  readonly archive: ByteStream;
}

/** Copies files into containers and out of them, running or not. */
export class ContainerArchive {
  readonly #ports: ContainerPorts;
  readonly #queue: KeyedQueue;
  readonly #waiters: ExitWaiters;

  /** `queue` is the one in which containers are started and stopped. */
  constructor(
    ports: ContainerPorts,
    { queue, waiters }: { readonly queue: KeyedQueue; readonly waiters: ExitWaiters },
  ) {
    this.#ports = ports;
    this.#queue = queue;
    this.#waiters = waiters;
  }

  stat(typed: string, path: string, signal: AbortSignal): Promise<PathStat> {
    const record = this.#resolve(typed);
    return this.#withView(record, signal, (view) =>
      this.#ports.files.stat(view, path).catch(missing(typed, path)),
    );
  }

  /** The container's files stay mounted until the archive has been read, or the signal fires. */
  get(typed: string, path: string, signal: AbortSignal): Promise<PackedPath> {
    const record = this.#resolve(typed);
    return this.#streamed(record, signal, async (view) => {
      const packed = await this.#ports.files.pack(view, path, signal).catch(missing(typed, path));
      publishContainerEvent(this.#ports.events, record, "archive-path");
      return packed;
    });
  }

  /** Everything but what is mounted into it. */
  async export(typed: string, signal: AbortSignal): Promise<ByteStream> {
    const record = this.#resolve(typed);
    const { archive } = await this.#streamed(record, signal, async (view) => {
      const archive = await this.#ports.files.packAll({ ...view, readOnly: true, mounts: [] }, signal);
      publishContainerEvent(this.#ports.events, record, "export");
      return { archive };
    });
    return archive;
  }

  put(typed: string, path: string, archive: ByteStream, options: PutOptions): Promise<void> {
    const record = this.#resolve(typed);
    return this.#withView(record, options.signal, async (view) => {
      const owner = options.ownedByUser ? await this.#owner(record, view) : undefined;
      const { keepKinds, signal } = options;
      await this.#ports.files
        .unpack(view, path, archive, { keepKinds, owner, signal })
        .catch(missing(typed, path));
      publishContainerEvent(this.#ports.events, record, "extract-to-dir");
    });
  }

  async #owner({ config }: ContainerRecord, view: FileView): Promise<Owner | undefined> {
    if (config.user === "") return undefined;
    const [passwd, group] = await Promise.all(
      ["/etc/passwd", "/etc/group"].map((path) => this.#ports.files.readText(view, path)),
    );
    return resolveUser(config.user, passwd ?? "", group ?? "");
  }

  /** Answers before the view is done with, which is when the archive has ended. */
  #streamed<Packed extends { readonly archive: ByteStream }>(
    record: ContainerRecord,
    signal: AbortSignal,
    work: (view: FileView) => Promise<Packed>,
  ): Promise<Packed> {
    const answer = Promise.withResolvers<Packed>();
    const whole = this.#withView(record, signal, async (view) => {
      const packed = await work(view);
      const { promise: read, resolve: done } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => done(), { once: true });
      if (signal.aborted) done();
      const archive = endingWith(packed.archive, async () => {
        done();
        // Whoever has read to the end finds nothing mounted any more.
        await whole;
      });
      answer.resolve({ ...packed, archive });
      await read;
    });
    whole.catch((error: unknown) => {
      this.#ports.logger.debug({ err: error, container: record.id }, "could not copy from a container");
      answer.reject(error);
    });
    return answer.promise;
  }

  /**
   * A container that runs has its files mounted, and may end meanwhile: what is open stays readable. One that ends before anything is
   * open is seen as it is afterwards. For one that does not run they are mounted, and its place in the queue is held, so that it is not
   * started in between.
   */
  async #withView<Result>(
    { id }: ContainerRecord,
    signal: AbortSignal,
    work: (view: FileView) => Promise<Result>,
  ): Promise<Result> {
    const now = this.#ports.state.containers.get(id);
    if (now !== undefined && isMounted(now)) {
      try {
        return await work(this.#viewOfRunning(now));
      } catch (error) {
        if (!(error instanceof ProcessGone)) throw error;
        await this.#endOf(now, signal);
      }
    }
    return this.#queue.run(id, async () => {
      const record = this.#resolve(id);
      if (isMounted(record)) return work(this.#viewOfRunning(record));
      const { snapshots, volumes, host, layout } = this.#ports;
      const { rootfs, mounts } = layout.container(id);
      try {
        await snapshots.mount({ key: id, layers: record.layers, target: rootfs });
        return await work(await this.#viewOfStopped(record));
      } finally {
        await host.unmountBelow(mounts);
        await volumes.unmountAll(id);
        await snapshots.unmount(rootfs);
      }
    });
  }

  /** When the end of a run is on record. */
  async #endOf({ id, pid }: ContainerRecord, signal: AbortSignal): Promise<void> {
    const now = this.#ports.state.containers.get(id);
    if (now !== undefined && isMounted(now) && now.pid === pid) await this.#waiters.wait(id, "exit", signal);
  }

  /** What is mounted into it is found where its process has it. */
  #viewOfRunning(record: ContainerRecord): FileView {
    const mounted = record.mounts.filter(({ type }) => type !== "tmpfs");
    return {
      ...this.#rootOf(record),
      processRoot: `/proc/${record.pid}/root`,
      mounts: [
        ...this.#ownFiles(record),
        ...mounted.map(({ destination, readOnly }) => ({ destination, source: "", readOnly })),
      ],
    };
  }

  async #viewOfStopped(record: ContainerRecord): Promise<FileView> {
    const mounts = [...this.#ownFiles(record)];
    for (const [index, mount] of record.mounts.entries()) {
      const { type, destination, source = "", readOnly } = mount;
      if (type === "tmpfs") continue;
      const path = type === "bind" ? source : await mountVolume(this.#ports, record, { mount, index });
      mounts.push({ destination, source: path, readOnly });
    }
    return { ...this.#rootOf(record), mounts };
  }

  #rootOf({ id, security }: ContainerRecord): Pick<FileView, "rootfs" | "readOnly"> {
    return { rootfs: this.#ports.layout.container(id).rootfs, readOnly: security.readOnlyRootfs };
  }

  #ownFiles({ id }: ContainerRecord): FileView["mounts"] {
    const { hosts, hostname, resolvConf } = this.#ports.layout.container(id);
    return [
      { destination: "/etc/hosts", source: hosts, readOnly: false },
      { destination: "/etc/hostname", source: hostname, readOnly: false },
      { destination: "/etc/resolv.conf", source: resolvConf, readOnly: false },
    ];
  }

  #resolve(typed: string): ContainerRecord {
    const record = resolveContainer(typed, this.#ports.state.containers.list());
    if (record.status === "dead") {
      throw new EngineError("conflict", `container ${record.id} is marked for removal`);
    }
    return record;
  }
}

const isMounted = ({ status }: ContainerRecord): boolean => status === "running" || status === "paused";

/** In the Engine's words. */
const missing =
  (typed: string, path: string) =>
  (error: unknown): never => {
    if (!(error instanceof EngineError && error.kind === "not-found")) throw error;
    throw new EngineError("not-found", `Could not find the file ${path} in container ${typed}`, {
      cause: error,
    });
  };

async function* endingWith(stream: ByteStream, end: () => Promise<void>): ByteStream {
  try {
    yield* stream;
  } finally {
    await end();
  }
}

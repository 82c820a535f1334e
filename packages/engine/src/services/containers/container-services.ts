import type { ContainerPruneResponse } from "@davit/protocol";
import type { Filters } from "../../core/container/filters.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import { ExecSessions } from "../exec/exec-sessions.ts";
import { ContainerArchive } from "./container-archive.ts";
import { ContainerConnections } from "./container-connections.ts";
import { ContainerControl } from "./container-control.ts";
import { ContainerLifecycle } from "./container-lifecycle.ts";
import { ContainerLinks } from "./container-links.ts";
import { ContainerOutput } from "./container-output.ts";
import type { ContainerPorts } from "./container-ports.ts";
import { ContainerRemover } from "./container-remover.ts";
import { ContainerStarter } from "./container-starter.ts";
import { ContainerStats } from "./container-stats.ts";
import { ContainerStopper } from "./container-stopper.ts";
import { ContainerUpdater } from "./container-updater.ts";
import { Containers } from "./containers.ts";
import { ExitSettler } from "./exit-settler.ts";
import { ExitWaiters } from "./exit-waiters.ts";
import { HealthMonitor } from "./health-monitor.ts";
import { OutputReaders } from "./output-readers.ts";
import { pruneContainers } from "./prune-containers.ts";
import { Restarts } from "./restarts.ts";

export interface ContainerServices {
  readonly containers: Containers;
  readonly lifecycle: ContainerLifecycle;
  readonly links: ContainerLinks;
  readonly connections: ContainerConnections;
  readonly output: ContainerOutput;
  readonly exec: ExecSessions;
  readonly archive: ContainerArchive;
  readonly control: ContainerControl;
  readonly stats: ContainerStats;
  readonly updater: ContainerUpdater;
  readonly prune: (filters: Filters) => Promise<ContainerPruneResponse>;
  /**
   * Adopts what an earlier engine left, and once `startAfter` has settled starts what restart policies want running; called before
   * the first request is served, and need not be awaited for it.
   */
  restore(startAfter: Promise<unknown>): Promise<void>;
  /** The IDs of those that something is being done to. */
  busy(): readonly string[];
  /** Lets go of the containers, which go on running. */
  close(): Promise<void>;
}

/** The services for containers, made of the ports. */
export function containerServices(ports: ContainerPorts): ContainerServices {
  const queue = new KeyedQueue();
  const waiters = new ExitWaiters();
  const readers = new OutputReaders();
  const remover = new ContainerRemover(ports, waiters, readers);
  const restarts = new Restarts();
  const links = new ContainerLinks(ports, queue);
  const exec = new ExecSessions(ports, links);
  const health = new HealthMonitor(ports, exec);
  const settler = new ExitSettler(ports, { queue, remover, waiters, readers, restarts, health });
  const starter = new ContainerStarter(ports, links);
  const stopper = new ContainerStopper(ports, { queue, waiters, restarts });
  const parts = { queue, starter, stopper, settler, remover, waiters, readers, restarts, health };
  const lifecycle = new ContainerLifecycle(ports, parts);
  return {
    containers: new Containers(ports, health, exec),
    lifecycle,
    links,
    connections: new ContainerConnections(ports, { queue, links }),
    prune: (filters) => pruneContainers(ports, lifecycle, filters),
    output: new ContainerOutput(ports, readers),
    exec,
    archive: new ContainerArchive(ports, { queue, waiters }),
    control: new ContainerControl(ports, queue),
    stats: new ContainerStats(ports),
    updater: new ContainerUpdater(ports, queue),
    restore: async (startAfter) => {
      await Promise.all([settler.restore(startAfter), exec.clearLeftovers()]);
    },
    busy: () => queue.busy,
    close: () => settler.close(),
  };
}

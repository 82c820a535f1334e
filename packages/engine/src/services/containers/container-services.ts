import { KeyedQueue } from "../../core/keyed-queue.ts";
import { ContainerLifecycle } from "./container-lifecycle.ts";
import { ContainerOutput } from "./container-output.ts";
import type { ContainerPorts } from "./container-ports.ts";
import { ContainerRemover } from "./container-remover.ts";
import { ContainerStarter } from "./container-starter.ts";
import { Containers } from "./containers.ts";
import { ExitSettler } from "./exit-settler.ts";
import { ExitWaiters } from "./exit-waiters.ts";
import { OutputReaders } from "./output-readers.ts";

export interface ContainerServices {
  readonly containers: Containers;
  readonly lifecycle: ContainerLifecycle;
  readonly output: ContainerOutput;
  /** Adopts what an earlier engine left; called before the first request is served, and need not be awaited for it. */
  restore(): Promise<void>;
  /** Lets go of the containers, which go on running. */
  close(): Promise<void>;
}

/** The services for containers, made of the ports. */
export function containerServices(ports: ContainerPorts): ContainerServices {
  const queue = new KeyedQueue();
  const waiters = new ExitWaiters();
  const readers = new OutputReaders();
  const remover = new ContainerRemover(ports, waiters, readers);
  const settler = new ExitSettler(ports, { queue, remover, waiters, readers });
  const starter = new ContainerStarter(ports);
  return {
    containers: new Containers(ports),
    lifecycle: new ContainerLifecycle(ports, { queue, starter, settler, remover, waiters, readers }),
    output: new ContainerOutput(ports, readers),
    restore: () => settler.restore(),
    close: () => settler.close(),
  };
}

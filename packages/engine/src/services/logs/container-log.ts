import type { LogSubject } from "../../core/log/log-tag.ts";
import type { LogBatches, LogQuery } from "../../core/ports/logs.ts";

/** What one container's log driver does, from its making to its removal. */
export interface ContainerLog {
  /** Before a run of the program: whatever it fails with fails the start. */
  beginRun(subject: LogSubject, signal?: AbortSignal): Promise<void>;
  /** Goes on after an earlier engine. */
  adopt(subject: LogSubject, isRunning: boolean): Promise<void>;
  /** The run is over and its output is written whole, or it never began. Holds nobody up. */
  endRun(): void;
  /** Fails in the Engine's words if the driver cannot be read. With `follow` the container runs. */
  read(subject: LogSubject, query: LogQuery): Promise<LogBatches>;
  /** Lets go, as the engine stops. */
  close(): Promise<void>;
  /** The container's files are about to go. Holds nobody up for long. */
  remove(): Promise<void>;
}

/** A run as far as logs are concerned. */
export class Run {
  readonly ended: Promise<void>;
  readonly end: () => void;
  isEnded = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.end = () => {
      this.isEnded = true;
      resolve();
    };
  }
}

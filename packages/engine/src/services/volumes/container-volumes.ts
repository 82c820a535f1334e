import type { EventPublisher } from "../../core/events.ts";
import type { VolumeRecord } from "../../core/volume/record.ts";

export interface VolumeRequest {
  /** Empty: a new anonymous volume with a random name. */
  readonly name: string;
  /** Empty: whoever has it already, else `local`. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface MountOptions {
  /** Without events: the engine itself looks at the volume. */
  readonly quietly?: boolean;
  /** Is told in place of everybody. */
  readonly events?: EventPublisher;
  /** Ends the wait for a driver that is not there yet. */
  readonly signal?: AbortSignal | undefined;
}

/** What containers need of volumes. */
export interface ContainerVolumes {
  /** Finds or creates a volume and records that the container uses it at `destination`; undone by `release`. */
  acquire(
    request: VolumeRequest,
    use: { readonly containerId: string; readonly destination: string },
    signal?: AbortSignal,
  ): Promise<VolumeRecord>;
  /** Mounts the volume used at `destination` for a start of the container; answers its absolute path on the host. */
  mount(containerId: string, destination: string, options?: MountOptions): Promise<string>;
  /** Unmounts whatever the container still has mounted; failures are logged and kept for the next attempt. */
  unmountAll(containerId: string, options?: MountOptions): Promise<void>;
  /** Ends the container's uses; with `removeAnonymous` its anonymous volumes go too. */
  release(containerId: string, options: { readonly removeAnonymous: boolean }): Promise<void>;
  /** Where a volume is on the host, `""` if its driver does not say. */
  mountpoint(name: string): Promise<string>;
}

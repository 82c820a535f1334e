import type { Awaitable } from "../awaitable.ts";
import type { Call } from "../rpc/rpc-method.ts";

/**
 * `local`: a volume exists on the host where it was created. `global`: every host running this plugin sees the
 * same volumes, so an orchestrator creates each only once.
 */
export type VolumeScope = "local" | "global";

export interface VolumeRequest {
  /** As the user typed it: any text that is not empty, slashes and dots included. Never a safe file name. */
  readonly name: string;
}

export interface CreateRequest extends VolumeRequest {
  /** `--opt key=value`; empty when none was given. */
  readonly options: Readonly<Record<string, string>>;
}

export interface MountRequest extends VolumeRequest {
  /**
   * Names one user of the volume: random, new for every mount point of every start of a container. The matching
   * unmount repeats it. It may be mounted again while it is in use (`docker cp`), and is then unmounted as often.
   */
  readonly id: string;
}

export interface VolumeInfo {
  readonly name: string;
  /** Absolute path as the plugin sees it, below its propagated mount; absent while the volume is not mounted. */
  readonly mountpoint?: string;
  readonly createdAt?: Date;
  /** Whatever helps an operator; shown by `docker volume inspect`. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/**
 * What a volume plugin does. Every method may throw: the message reaches the user behind the engine's own words
 * (`create data: <message>`), so say what is wrong with the request, in lower case.
 *
 * Calls overlap, also for one volume, and one that failed in transit is sent again: each must be safe to repeat.
 * The engine waits 2 minutes for `create` and `mount` and 1 minute for the others, then hangs up, which aborts
 * `call.signal`.
 */
export interface VolumeDriver {
  /** Told to the engine before nearly every other call. Default: `local`. */
  readonly scope?: VolumeScope;

  /** `docker volume create`, or the first use of a name; asked only after `get` found nothing. */
  create(request: CreateRequest, call: Call): Awaitable<void>;

  /** `docker volume rm`; asked only after `get` found the volume and while no container refers to it. */
  remove(request: VolumeRequest, call: Call): Awaitable<void>;

  /**
   * A container that uses the volume starts. Answers the absolute path of its data as the plugin sees it, which
   * must lie below the propagated mount for the host to see it. Provision on the first ID, only count on further
   * ones: the engine does not count per volume (`MountCounter` does).
   */
  mount(request: MountRequest, call: Call): Awaitable<string>;

  /** That container stopped. Release what `mount` provisioned when the last ID goes, and not before. */
  unmount(request: MountRequest, call: Call): Awaitable<void>;

  /** The path that `mount` answered, or nothing while the volume is not mounted. Rarely asked. */
  path(request: VolumeRequest, call: Call): Awaitable<string | undefined>;

  /** `docker volume inspect`, and before each create, start, stop and removal. Nothing: there is no such volume. */
  get(request: VolumeRequest, call: Call): Awaitable<VolumeInfo | undefined>;

  /** `docker volume ls`. */
  list(call: Call): Awaitable<readonly VolumeInfo[]>;
}

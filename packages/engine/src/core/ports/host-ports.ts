import type { PublishedPort } from "./network.ts";

export interface HostPortRequest {
  readonly protocol: PublishedPort["protocol"];
  /** All addresses if it is absent. */
  readonly hostAddress?: string;
  /** Any of these; absent: any at all. */
  readonly hostPorts?: { readonly first: number; readonly last: number };
}

/** Chooses ports of the host. */
export interface HostPorts {
  /**
   * A port that nothing listens on and that is not `taken`; it is not held. Conflict if there is none, with the reason
   * of the last that was tried.
   */
  choose(request: HostPortRequest, taken: (port: number) => boolean): Promise<number>;
}

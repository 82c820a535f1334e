import { portsCollide, type WantedPort } from "../../core/container/published-ports.ts";
import { type EngineError, wrapError } from "../../core/errors.ts";
import type { HostPorts } from "../../core/ports/host-ports.ts";
import type { PublishedPort } from "../../core/ports/network.ts";
import type { State } from "../../core/ports/state.ts";

/** Chooses ports of the host for endpoints. */
export class PortChooser {
  readonly #hostPorts: HostPorts;
  readonly #state: Pick<State, "endpoints">;
  /** Chosen for endpoints that do not have them on record yet. */
  readonly #reserved = new Map<string, readonly PublishedPort[]>();

  constructor(hostPorts: HostPorts, state: Pick<State, "endpoints">) {
    this.#hostPorts = hostPorts;
    this.#state = state;
  }

  /** Puts what was chosen on record by `save`; until then nobody else gets it. */
  async choose(
    wanted: readonly WantedPort[],
    endpointId: string,
    save: (ports: readonly PublishedPort[]) => void,
  ): Promise<void> {
    const chosen: PublishedPort[] = [];
    // Those that leave no choice first.
    const narrowFirst = wanted.toSorted((a, b) => rangeSize(a) - rangeSize(b));
    try {
      for (const port of narrowFirst) {
        const { hostPorts: _choice, ...fixed } = port;
        const isTaken = (hostPort: number): boolean =>
          [...this.#taken(endpointId), ...chosen].some((other) =>
            portsCollide(other, { ...fixed, hostPort }),
          );
        chosen.push({ ...fixed, hostPort: await this.#hostPorts.choose(port, isTaken) });
        this.#reserved.set(endpointId, chosen);
      }
      save(chosen);
    } finally {
      this.#reserved.delete(endpointId);
    }
  }

  #taken(endpointId: string): readonly PublishedPort[] {
    const reserved = [...this.#reserved].flatMap(([other, ports]) => (other === endpointId ? [] : ports));
    return [...this.#state.endpoints.list().flatMap(({ ports }) => ports), ...reserved];
  }
}

const rangeSize = ({ hostPorts }: WantedPort): number =>
  hostPorts === undefined ? Number.POSITIVE_INFINITY : hostPorts.last - hostPorts.first;

/** The Engine's word for what failed, for clients that look for it. */
export const connectivityFailure = (
  endpoint: { readonly name: string; readonly id: string },
  error: unknown,
): EngineError =>
  wrapError(
    `driver failed programming external connectivity on endpoint ${endpoint.name} (${endpoint.id})`,
    error,
  );

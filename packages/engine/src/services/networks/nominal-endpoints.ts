import type { ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { networksOf } from "../../core/network/container-network.ts";
import type { Attached } from "../../core/network/network-view.ts";
import type { NetworkRecord } from "../../core/network/record.ts";

/** On a network that no driver has a part in: named after the run's sandbox, so that it need not be on record. */
export const nominalEndpointId = ({ sandboxId = "" }: Pick<ContainerRecord, "sandboxId">): string =>
  Array.from(sandboxId).reverse().join("");

export const nominallyAttached = (
  { name }: NetworkRecord,
  containers: readonly ContainerRecord[],
): readonly Attached[] =>
  containers
    .filter(
      (container) => hasProcess(container) && networksOf(container).some((wanted) => wanted.name === name),
    )
    .map((container) => ({
      container,
      endpoint: { endpointId: nominalEndpointId(container), addresses: {} },
    }));

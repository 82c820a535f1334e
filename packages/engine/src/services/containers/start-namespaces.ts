import { sharedContainer } from "../../core/container/modes.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import type { State } from "../../core/ports/state.ts";
import type { ContainerHost } from "../../core/runtime-spec/container-spec.ts";
import type { ContainerPorts } from "./container-ports.ts";

/** Another container whose namespace is to be joined; conflict if it has none to join. */
export function requireRunningOther(state: State, id: string, what: string): ContainerRecord {
  const other = state.containers.get(id);
  if (other === undefined) {
    throw new EngineError("conflict", `cannot join ${what} of container ${id}: No such container: ${id}`);
  }
  if (other.status === "restarting") {
    throw new EngineError("conflict", `Container ${id} is restarting, wait until the container is running`);
  }
  if (!hasProcess(other)) {
    throw new EngineError("conflict", `cannot join ${what} of a non running container: ${id}`);
  }
  return other;
}

/** The namespaces that a container's modes mean, besides the network; memory that it shares is mounted. */
export async function startNamespaces(
  { state, mountFiles, layout }: Pick<ContainerPorts, "state" | "mountFiles" | "layout">,
  record: ContainerRecord,
): Promise<Pick<ContainerHost, "pid" | "ipc" | "shm">> {
  const { PidMode, IpcMode } = record.hostConfig;
  return { pid: pidOf(), ...(await ipcOf()) };

  function pidOf(): NonNullable<ContainerHost["pid"]> {
    const shared = sharedContainer(PidMode);
    if (shared === undefined) return PidMode === "host" ? "host" : "own";
    return { namespace: `/proc/${requireRunningOther(state, shared, "PID").pid}/ns/pid` };
  }

  async function ipcOf(): Promise<Pick<ContainerHost, "ipc" | "shm">> {
    const shared = sharedContainer(IpcMode);
    if (shared !== undefined) {
      const other = requireRunningOther(state, shared, "IPC");
      if (other.hostConfig.IpcMode === "host") return { ipc: "host", shm: { source: "/dev/shm" } };
      if (other.hostConfig.IpcMode !== "shareable") {
        throw new EngineError(
          "conflict",
          `cannot join IPC of container ${shared}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
        );
      }
      return {
        ipc: { namespace: `/proc/${other.pid}/ns/ipc` },
        shm: { source: layout.container(other.id).shm },
      };
    }
    switch (IpcMode) {
      case "host":
        return { ipc: "host", shm: { source: "/dev/shm" } };
      case "none":
        return { shm: "none" };
      case "shareable": {
        const { shm } = layout.container(record.id);
        await mountFiles.mountMemory(shm, record.shmSizeBytes);
        return { shm: { source: shm } };
      }
      default:
        return {};
    }
  }
}

import type { ContainerCreateBody, HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { NetworkMode } from "./record.ts";

const invalid = (message: string): EngineError => new EngineError("invalid", message);

/** The container that a mode such as `container:web` names; undefined for any other mode. */
export const sharedContainer = (mode: string): string | undefined =>
  mode.startsWith("container:") ? mode.slice("container:".length) : undefined;

/** Which network is meant; refuses what contradicts it, with the Engine's text. */
export function parseNetworkMode(body: ContainerCreateBody): NetworkMode {
  if (body.NetworkDisabled) return "none";
  const { NetworkMode: mode } = body.HostConfig;
  switch (mode) {
    case "":
    case "default":
    case "bridge":
      return "bridge";
    case "none":
    case "host":
      return mode;
    default:
      if (mode === "container" || mode.startsWith("container:")) {
        checkSharedNetwork(body);
        return "container";
      }
      return "network";
  }
}

function checkSharedNetwork({ Hostname, ExposedPorts, HostConfig: host }: ContainerCreateBody): void {
  if ((sharedContainer(host.NetworkMode) ?? "") === "") {
    throw invalid("Invalid network mode: invalid container format container:<name|id>");
  }
  const conflicts: Record<string, boolean> = {
    "hostname and the network mode": Hostname !== "",
    "container type network can't be used with links. This would result in undefined behavior":
      host.Links.length > 0,
    "dns and the network mode": host.Dns.length > 0,
    "custom host-to-IP mapping and the network mode": host.ExtraHosts.length > 0,
    "port publishing and the container type network mode":
      host.PublishAllPorts || Object.keys(host.PortBindings).length > 0,
    "port exposing and the container type network mode": Object.keys(ExposedPorts).length > 0,
  };
  const conflict = Object.entries(conflicts).find(([, isGiven]) => isGiven);
  if (conflict !== undefined) throw invalid(`conflicting options: ${conflict[0]}`);
}

/** Refuses modes of the other namespaces that there are not, or that contradict the rest. */
export function checkModes({ Hostname, HostConfig: host }: ContainerCreateBody): void {
  const known = (mode: string, words: readonly string[]): boolean =>
    words.includes(mode) || (sharedContainer(mode) ?? "") !== "";
  if (!known(host.IpcMode, ["", "private", "shareable", "none", "host"])) {
    throw invalid(`Invalid IPC mode: ${host.IpcMode}`);
  }
  if (!known(host.PidMode, ["", "host"])) throw invalid(`invalid PID mode: ${host.PidMode}`);
  if (host.UTSMode !== "" && host.UTSMode !== "host") throw invalid(`invalid UTS mode: ${host.UTSMode}`);
  if (host.UsernsMode !== "" && host.UsernsMode !== "host") {
    throw invalid(`invalid user namespace mode: ${host.UsernsMode}`);
  }
  if (!["", "private", "host"].includes(host.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
  if (host.UTSMode === "host" && Hostname !== "") {
    throw invalid("conflicting options: hostname and the UTS mode");
  }
}

/** The modes with containers named by their IDs, as a record keeps them. */
export function withIds(
  host: HostConfig,
  idOf: (typed: string) => string,
): Pick<HostConfig, "NetworkMode" | "IpcMode" | "PidMode"> {
  const named = (mode: string): string => {
    const typed = sharedContainer(mode);
    return typed === undefined ? mode : `container:${idOf(typed)}`;
  };
  return {
    NetworkMode: named(host.NetworkMode),
    IpcMode: named(host.IpcMode),
    PidMode: named(host.PidMode),
  };
}

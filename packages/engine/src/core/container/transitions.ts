import { EngineError } from "../errors.ts";
import type { ContainerRecord, ContainerStatus } from "./record.ts";

export type ContainerAction =
  | "start"
  | "pause"
  | "unpause"
  | "exit"
  | "await-restart"
  | "give-up"
  | "fail-to-start"
  | "remove"
  | "fail-to-remove";

/** What follows each status; an action that is missing is refused. */
const transitions: Record<ContainerStatus, Partial<Record<ContainerAction, ContainerStatus | "removed">>> = {
  created: { start: "running", "fail-to-start": "created", remove: "removed", "fail-to-remove": "dead" },
  running: { pause: "paused", exit: "exited", "await-restart": "restarting" },
  paused: { unpause: "running", exit: "exited", "await-restart": "restarting" },
  restarting: { start: "running", "fail-to-start": "restarting", "give-up": "exited" },
  exited: {
    start: "running",
    "await-restart": "restarting",
    "fail-to-start": "exited",
    remove: "removed",
    "fail-to-remove": "dead",
  },
  dead: { remove: "removed", "fail-to-remove": "dead" },
};

/** The status after an action; conflict if the action does not fit the status. */
export function afterAction(status: ContainerStatus, action: ContainerAction): ContainerStatus | "removed" {
  const next = transitions[status][action];
  if (next === undefined) throw new EngineError("conflict", `${action} container: it is ${status}`);
  return next;
}

/** Whether it has a process. */
export const hasProcess = ({ status }: Pick<ContainerRecord, "status">): boolean =>
  status === "running" || status === "paused";

/** Whether clients are to take it for running: it has a process, or will have one again. */
export const countsAsRunning = ({ status }: Pick<ContainerRecord, "status">): boolean =>
  hasProcess({ status }) || status === "restarting";

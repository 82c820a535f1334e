import { EngineError } from "../errors.ts";
import type { ContainerStatus } from "./record.ts";

export type ContainerAction = "start" | "exit" | "fail-to-start" | "remove" | "fail-to-remove";

/** What follows each status; an action that is missing is refused. */
const transitions: Record<ContainerStatus, Partial<Record<ContainerAction, ContainerStatus | "removed">>> = {
  created: { start: "running", "fail-to-start": "created", remove: "removed", "fail-to-remove": "dead" },
  running: { exit: "exited" },
  exited: { start: "running", "fail-to-start": "exited", remove: "removed", "fail-to-remove": "dead" },
  dead: { remove: "removed", "fail-to-remove": "dead" },
};

/** The status after an action; conflict if the action does not fit the status. */
export function afterAction(status: ContainerStatus, action: ContainerAction): ContainerStatus | "removed" {
  const next = transitions[status][action];
  if (next === undefined) throw new EngineError("conflict", `${action} container: it is ${status}`);
  return next;
}

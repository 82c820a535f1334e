import { getSystemErrorMessage } from "node:util";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";

/** A failed system call as `action path: reason`; what is an EngineError already stays as it is. */
export function fileError(action: string, path: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const kind = isDiskFull(error) ? "unavailable" : "internal";
  return new EngineError(kind, `${action} ${path}: ${reasonOf(error)}`, { cause: error });
}

/** Whether it is for want of room that something failed. */
export function isDiskFull(error: unknown): boolean {
  const errno = errnoOf(error instanceof EngineError ? error.cause : error);
  return errno === "ENOSPC" || errno === "EDQUOT";
}

function reasonOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "errno" in error && typeof error.errno === "number") {
    return getSystemErrorMessage(error.errno);
  }
  return messageOf(error);
}

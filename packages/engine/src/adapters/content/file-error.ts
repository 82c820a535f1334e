import { getSystemErrorMessage } from "node:util";
import { EngineError, messageOf } from "../../core/errors.ts";

/** A failed system call as `action path: reason`; what is an EngineError already stays as it is. */
export function fileError(action: string, path: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError("internal", `${action} ${path}: ${reasonOf(error)}`, { cause: error });
}

function reasonOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "errno" in error && typeof error.errno === "number") {
    return getSystemErrorMessage(error.errno);
  }
  return messageOf(error);
}

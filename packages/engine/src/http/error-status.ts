import { EngineError, type ErrorKind } from "../core/errors.ts";

/** The one place where kinds of failure become HTTP statuses. */
const statusByKind = {
  "not-found": 404,
  invalid: 400,
  conflict: 409,
  forbidden: 403,
  unauthorized: 401,
  unavailable: 503,
  "not-implemented": 501,
  /** Nobody is left to read it, except when the engine itself gave up on the request. */
  canceled: 499,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** The status of whatever a handler threw; what is not an EngineError is a fault of ours. */
export const statusOf = (error: unknown): number =>
  error instanceof EngineError ? statusByKind[error.kind] : 500;

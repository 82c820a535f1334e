/** The closed set of ways in which an operation of the engine fails. */
export type ErrorKind =
  | "not-found"
  | "invalid"
  | "conflict"
  | "forbidden"
  | "unauthorized"
  | "unavailable"
  | "not-implemented"
  | "canceled"
  | "internal";

/** Every failure that leaves a service or an adapter; the message is what clients are shown. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** A plugin's own word that it did not do what it was asked: unlike with other failures, nothing was begun. */
export class PluginRefusal extends EngineError {
  /** Of its answer; 404 means that it does not have the method. */
  readonly status: number;

  constructor(message: string, status = 200) {
    super("internal", message);
    this.status = status;
  }
}

/** A plugin could not be connected: it has received nothing, and may be asked again. */
export class PluginUnreachable extends EngineError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("unavailable", message, options);
  }
}

/** A step that failed at a driver that could not be told to undo it either: it may have been carried out. */
export class UnsettledStep extends EngineError {}

/** A container's process ended before something could be done by way of it: nothing was begun. */
export class ProcessGone extends EngineError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("conflict", message, options);
  }
}

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The same failure, told in a wider context: `context: reason`; the kind is the inner one's. */
export function wrapError(context: string, error: unknown): EngineError {
  const kind = error instanceof EngineError ? error.kind : "internal";
  return new EngineError(kind, `${context}: ${messageOf(error)}`, { cause: error });
}

/** The system's error code (`ENOENT`), if the failure has one. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}

export const isCanceled = (error: unknown): boolean =>
  (error instanceof EngineError && error.kind === "canceled") ||
  (error instanceof Error && error.name === "AbortError");

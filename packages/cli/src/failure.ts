/** What ends a command: the text for stderr (nothing is printed for an empty one) and the exit code. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The daemon answered, and refused. */
export class DaemonFailure extends Failure {
  override readonly name = "DaemonFailure";
  readonly status: number;
  /** The daemon's own words. */
  readonly reason: string;
  /** The whole answer. */
  readonly body: string;

  constructor(status: number, reason: string, body = "") {
    super(`Error response from daemon: ${reason}`);
    this.status = status;
    this.reason = reason;
    this.body = body;
  }
}

/** The daemon did not answer at all: there is no point in going on with the next argument. */
export class UnreachableFailure extends Failure {
  override readonly name = "UnreachableFailure";
}

/** The user pressed Ctrl-C or the process was told to stop. */
export class InterruptedFailure extends Failure {
  override readonly name = "InterruptedFailure";

  constructor(exitCode: number) {
    super("", { exitCode });
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The system's error code (`ENOENT`), if there is one. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}

import { Failure, InterruptedFailure, messageOf, UnreachableFailure } from "../failure.ts";

const hint = "\n\nRun 'davit run --help' for more information";

/** What went wrong before the container ran: 125. */
export function runFailure(error: unknown, exitCode = 125): Failure {
  if (error instanceof InterruptedFailure) return error;
  const message = typeof error === "string" ? error : messageOf(error);
  const prefix = error instanceof UnreachableFailure ? "" : "davit: ";
  return new Failure(`${prefix}${message}${hint}`, { exitCode, cause: error });
}

/** As a shell: 127 for a command that is not there, 126 for one that cannot be run. */
export function startFailure(error: unknown): Failure {
  const message = messageOf(error);
  if (/executable file not found|no such file or directory/.test(message)) return runFailure(error, 127);
  return runFailure(error, /permission denied|is a directory/.test(message) ? 126 : 125);
}

import { Failure, InterruptedFailure, messageOf, UnreachableFailure } from "../failure.ts";

/** What went wrong before the container ran: 125. */
export function runFailure(
  error: unknown,
  { exitCode = 125, command = "run" }: { readonly exitCode?: number; readonly command?: string } = {},
): Failure {
  if (error instanceof InterruptedFailure) return error;
  const message = typeof error === "string" ? error : messageOf(error);
  const prefix = error instanceof UnreachableFailure || command !== "run" ? "" : "davit: ";
  const hint = `\n\nRun 'davit ${command} --help' for more information`;
  // Only `run` has exit codes of its own, apart from its container's.
  return new Failure(command === "run" ? `${prefix}${message}${hint}` : message, {
    exitCode: command === "run" ? exitCode : 1,
    cause: error,
  });
}

/** Options that do not fit each other, or mean nothing: of `create` and `run` alike. */
export const optionFailure = (error: unknown, command: string): Failure =>
  new Failure(`davit: ${messageOf(error)}\n\nRun 'davit ${command} --help' for more information`, {
    exitCode: 125,
    cause: error,
  });

/** As a shell: 127 for a command that is not there, 126 for one that cannot be run. */
export function startFailure(error: unknown): Failure {
  const message = messageOf(error);
  if (/executable file not found|no such file or directory/.test(message)) {
    return runFailure(error, { exitCode: 127 });
  }
  const exitCode = /permission denied|is a directory/.test(message) ? 126 : 125;
  return runFailure(error, { exitCode });
}

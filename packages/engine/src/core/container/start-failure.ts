/**
 * The exit code that a container gets if it could not be started, by the runtime's words: 127 if there is no such
 * program, 126 if it may not be run, else 128. Clients conclude the same from the same words.
 */
export function startFailureExitCode(message: string): number {
  if (/executable file not found|no such file or directory/.test(message)) return 127;
  if (/permission denied|is a directory/.test(message)) return 126;
  return 128;
}

import { EngineError } from "../../core/errors.ts";
import { runProgram } from "../../linux/run-program.ts";

/** The words of one command of `ip`, as in its batch files. */
export type IpCommand = readonly string[];

/** A line of a batch file; words that would be read as something else, such as a driver's idea of a name, are refused. */
function line(words: IpCommand): string {
  for (const word of words) {
    if (!/^[^\s"'\\#]+$/.test(word)) {
      throw new EngineError(
        "internal",
        `not a word that names something of a network: ${JSON.stringify(word)}`,
      );
    }
  }
  return `${words.join(" ")}\n`;
}

export interface IpStep {
  /** The namespace's file; absent for the host's. */
  readonly namespace?: string;
  readonly commands: readonly IpCommand[];
}

/**
 * Runs commands of `ip`, those of each step in one namespace, in one go; the first that fails ends it. `prefix` stands before the host's.
 */
export async function runIp(
  steps: readonly IpStep[],
  options: { readonly prefix?: readonly string[]; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const wanted = steps.filter(({ commands }) => commands.length > 0);
  if (wanted.length === 0) return;
  const script = wanted.map(({ namespace, commands }, at) => {
    const enter = namespace === undefined ? "" : `nsenter --net="$${at + 1}" `;
    return `${enter}ip -batch - <<'END'\n${commands.map(line).join("")}END\n`;
  });
  const paths = wanted.map(({ namespace = "" }) => namespace);
  const { prefix = [], signal } = options;
  const { exitCode, stderr } = await runProgram(
    [...prefix, "sh", "-c", `set -e\n${script.join("")}`, "ip", ...paths],
    { signal },
  );
  if (exitCode === notFound) throw noIp();
  if (exitCode !== 0) throw new EngineError("internal", reasonOf(stderr, exitCode));
}

/** As shells and `unshare` tell that there is no such program. */
export const notFound = 127;

/** What can be done without bridges is named: nobody may know that they need this program. */
export const noIp = (): EngineError =>
  new EngineError(
    "unavailable",
    "the program ip is not installed, which bridge networks need (install iproute2, or use --network none or --network host)",
  );

/** Without where in the batch it was. */
const reasonOf = (stderr: string, exitCode: number): string => {
  const lines = stderr.split("\n").filter((text) => text !== "" && !text.startsWith("Command failed"));
  return lines.length === 0
    ? `ip: exit code ${exitCode}`
    : lines.join("; ").replace(/^RTNETLINK answers: /, "");
};

export const isMissingDevice = (reason: string): boolean =>
  /Cannot find device|does not exist|No such device/.test(reason);

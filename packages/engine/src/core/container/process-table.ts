import { EngineError } from "../errors.ts";

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

/** `ps` arguments that would hide or rename the column by which a container's processes are found. */
export function checkPsArguments(words: string): readonly string[] {
  const renamed = /\s*(\S*)=\s*(PID\S*)/.exec(words);
  if (renamed !== null) {
    const [, column = "", title = ""] = renamed;
    if (column !== "pid") {
      throw new EngineError("invalid", `specifying "${column}=${title}" is not allowed`);
    }
  }
  const list = words.split(/\s+/).filter((word) => word !== "");
  return list.length === 0 ? ["-ef"] : list;
}

/** The lines of what `ps` prints that are about some PIDs; the last column takes the rest of its line. */
export function processTable(output: string, pids: ReadonlySet<number>): ProcessTable {
  const [first = "", ...lines] = output.split("\n");
  const titles = words(first);
  const at = titles.indexOf("PID");
  if (at === -1) throw new EngineError("internal", "Couldn't find PID field in ps output");
  const processes = lines.flatMap((line) => {
    const fields = words(line);
    const pid = fields[at];
    if (pid === undefined) return [];
    if (pid === "-") return [];
    if (!/^\d+$/.test(pid)) throw new EngineError("internal", `Unexpected pid '${pid}'`);
    if (!pids.has(Number(pid))) return [];
    const last = titles.length - 1;
    return [[...fields.slice(0, last), fields.slice(last).join(" ")]];
  });
  return { titles, processes };
}

const words = (line: string): readonly string[] => line.split(/\s+/).filter((word) => word !== "");

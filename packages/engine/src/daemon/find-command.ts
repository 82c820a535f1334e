import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { EngineError } from "../core/errors.ts";
import { searchPath } from "../linux/run-program.ts";

/** The absolute path of a program, looked for in `PATH` and where administrators' programs are. */
export function findCommand(name: string, environment: NodeJS.ProcessEnv): string {
  if (isAbsolute(name)) return name;
  const dirs = [
    ...(environment["PATH"] ?? "").split(delimiter).filter((dir) => dir !== ""),
    ...searchPath.split(delimiter),
  ];
  const found = dirs.map((dir) => join(dir, name)).find(isExecutable);
  if (found !== undefined) return found;
  throw new EngineError(
    "unavailable",
    `looking for ${name}: it is not in ${dirs.join(":")}: install it (Debian's package has the same name)`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

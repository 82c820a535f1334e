import type { HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { parseSeccompDocument, type SeccompDocument } from "../runtime-spec/seccomp-document.ts";

/** `--security-opt`, all of them. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** What system calls are filtered by. */
  readonly seccomp: "default" | "unconfined" | SeccompDocument;
  /** What is accepted and does nothing here. */
  readonly ignored: readonly string[];
}

const inert: ReadonlySet<string> = new Set(["label", "apparmor"]);

/** Reads the options; a later one wins. Refuses what could have been meant as a protection and is not known. */
export function parseSecurityOptions({ SecurityOpt }: Pick<HostConfig, "SecurityOpt">): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: SecurityOptions["seccomp"] = "default";
  const ignored: string[] = [];
  for (const option of SecurityOpt) {
    if (option === "no-new-privileges") {
      noNewPrivileges = true;
      continue;
    }
    if (option === "disable") continue;
    const at = option.search(/[=:]/);
    if (at === -1) throw new EngineError("invalid", `invalid --security-opt 1: "${option}"`);
    const key = option.slice(0, at);
    const value = option.slice(at + 1);
    if (key === "no-new-privileges" && /^(true|false|1|0)$/i.test(value)) {
      noNewPrivileges = /^(true|1)$/i.test(value);
    } else if (key === "seccomp") {
      seccomp = parseSeccomp(value);
    } else if (inert.has(key)) {
      // Taking a protection away that is not there anyway is no news.
      if (!isLoosening(key, value)) ignored.push(option);
    } else {
      throw new EngineError("invalid", `invalid --security-opt 2: "${option}"`);
    }
  }
  return { noNewPrivileges, seccomp, ignored };
}

const isLoosening = (key: string, value: string): boolean =>
  key === "label" ? value === "disable" : value === "unconfined";

function parseSeccomp(value: string): SecurityOptions["seccomp"] {
  if (value === "unconfined") return "unconfined";
  if (value === "" || value === "builtin") return "default";
  return parseSeccompDocument(value);
}

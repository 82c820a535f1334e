import { EngineError } from "../errors.ts";

const names =
  `HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU
  XFSZ VTALRM PROF WINCH IO PWR SYS`.split(/\s+/);

/** A signal's number by name (`SIGTERM`, `term`) or number; realtime signals too. */
export function signalNumber(typed: string): number {
  const number = /^\d+$/.test(typed) ? Number(typed) : numberOfName(typed.toUpperCase().replace(/^SIG/, ""));
  if (number < 1 || number > 64) throw new EngineError("invalid", `Invalid signal: ${typed}`);
  return number;
}

function numberOfName(name: string): number {
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime !== null) {
    const offset = Number(realtime[3] ?? "0") * (realtime[2] === "-" ? -1 : 1);
    return (realtime[1] === "MIN" ? 34 : 64) + offset;
  }
  if (name === "CLD") return 17;
  return names.indexOf(name) + 1;
}

/** As the runtime wants it: a number in decimal, which every runtime takes for every signal. */
export const runtimeSignal = (typed: string): string => {
  const number = signalNumber(typed);
  const name = names[number - 1];
  return name === undefined ? String(number) : `SIG${name}`;
};

const levelNames: Readonly<Record<number, string>> = {
  20: "debug",
  30: "info",
  40: "warning",
  50: "error",
  60: "fatal",
};

/** One line of pino's JSON as `time="…" level=info msg="…" key=value …`; the stack only of what ends the process. */
export function toLogfmt(line: string): string {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null) return line;
  const { time, level, msg, err, ...rest } = Object.fromEntries(Object.entries(record));
  const fields: [string, unknown][] = [
    ["time", time],
    ["level", typeof level === "number" ? (levelNames[level] ?? level) : level],
    ["msg", msg],
    ...(err === undefined ? [] : ([["error", textOf(err, "message")]] satisfies [string, unknown][])),
    ...(err === undefined || level !== 60
      ? []
      : ([["stack", textOf(err, "stack")]] satisfies [string, unknown][])),
    ...Object.entries(rest),
  ];
  return `${fields.map(([key, value]) => `${key}=${quote(value)}`).join(" ")}\n`;
}

function textOf(err: unknown, key: "message" | "stack"): unknown {
  const entries = typeof err === "object" && err !== null ? Object.entries(err) : [];
  return entries.find(([name]) => name === key)?.[1] ?? err;
}

function quote(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return /^[\w.:/@-]+$/.test(text) ? text : JSON.stringify(text);
}

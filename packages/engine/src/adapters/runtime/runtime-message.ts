import * as z from "zod";

const line = z.object({ level: z.string(), msg: z.string() });

/** The words of a runtime that logs JSON lines to its standard error: its last error, or all of it if none is found. */
export function runtimeMessage(output: string): string {
  const lines = output.split("\n").filter((text) => text.trim() !== "");
  for (const text of lines.toReversed()) {
    const entry = parseLine(text);
    if (entry !== undefined && (entry.level === "error" || entry.level === "fatal")) return entry.msg;
  }
  return lines.map((text) => parseLine(text)?.msg ?? text).join("; ");
}

function parseLine(text: string): z.output<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { LogLine } from "@davit/sdk";
import * as z from "zod";

/** A line of the file: text as text, other bytes in base64; the time as a text, since numbers of JSON are too short for it. */
export function fileLine({ source, timeNano, line, partial, piece }: LogLine): string {
  const text = new TextDecoder().decode(line);
  const content = Buffer.from(text).equals(line)
    ? { text }
    : { base64: Buffer.from(line).toString("base64") };
  return `${JSON.stringify({ source, time: String(timeNano), ...content, ...(partial && { partial, piece }) })}\n`;
}

const fileLineSchema = z.object({
  source: z.enum(["stdout", "stderr"]),
  time: z.string().transform(BigInt),
  text: z.string().optional(),
  base64: z.string().optional(),
  partial: z.boolean().default(false),
  piece: z.object({ id: z.string(), ordinal: z.number(), last: z.boolean() }).optional(),
});

/** Undefined for what a crash has cut. */
function parseFileLine(line: string): LogLine | undefined {
  try {
    const { time, text, base64, ...rest } = fileLineSchema.parse(JSON.parse(line));
    return {
      ...rest,
      timeNano: time,
      line: base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64"),
    };
  } catch {
    return undefined;
  }
}

/** The lines of a file from an offset on, with the offset after each. A beginning of a line at the end is left for later. */
export async function* linesOfFile(
  path: string,
  from: number,
): AsyncGenerator<{ readonly line: LogLine; readonly end: number }> {
  const stream = createReadStream(path, { start: from });
  let wholeBytes = 0;
  stream.on("data", (chunk) => {
    const at = Buffer.from(chunk).lastIndexOf(0x0a);
    if (at !== -1) wholeBytes = stream.bytesRead - chunk.length + at + 1;
  });
  let end = from;
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    end += Buffer.byteLength(text) + 1;
    if (end > from + wholeBytes) return;
    const line = parseFileLine(text);
    if (line !== undefined) yield { line, end };
  }
}

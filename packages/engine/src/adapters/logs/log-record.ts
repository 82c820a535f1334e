import type { LogEntry } from "../../core/ports/logs.ts";

// conmon's k8s-file format, a record per line: `<time> stdout|stderr F|P <content>`.

const space = 0x20;
const newline = 0x0a;

/** Undefined for what is no record: one torn by a crash of the host. */
export function parseLogRecord(line: Buffer): LogEntry | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  if (afterTime === -1 || afterStream === -1 || line[afterStream + 2] !== space) return undefined;
  const text = line.toString("latin1", 0, afterTime);
  const stream = line.toString("latin1", afterTime + 1, afterStream);
  const flag = line.toString("latin1", afterStream + 1, afterStream + 2);
  const timestamp = inUtc(text);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  if ((flag !== "F" && flag !== "P") || timestamp === undefined) return undefined;
  return { timestamp, stream, bytes: line.subarray(afterStream + 3), partial: flag === "P" };
}

/** conmon writes the local time with its offset. */
function inUtc(text: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, local = "", fraction = "", zone = ""] = match;
  const seconds = zone === "+00:00" || zone === "Z" ? local : shifted(local + zone);
  return seconds === undefined ? undefined : `${seconds}.${fraction.padEnd(9, "0").slice(0, 9)}Z`;
}

function shifted(text: string): string | undefined {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString().slice(0, 19);
}

/** No record is longer: what has no end by then is a hole, where output was given back, or spoilt by a crash of the host. */
export const longestRecordBytes = 1024 * 1024;

/** Cuts chunks into lines without their newlines; keeps the beginning of a line until the rest comes. */
export class LineSplitter {
  #rest: Buffer[] = [];
  #restBytes = 0;

  push(chunk: Buffer): readonly Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = chunk.subarray(start, end);
      lines.push(this.#restBytes === 0 ? line : Buffer.concat([...this.#rest, line]));
      this.clear();
      start = end + 1;
    }
    this.#rest.push(chunk.subarray(start));
    this.#restBytes += chunk.length - start;
    if (this.#restBytes > longestRecordBytes) this.clear();
    return lines;
  }

  /** Of an unfinished line. */
  get restBytes(): number {
    return this.#restBytes;
  }

  /** Forgets an unfinished line. */
  clear(): void {
    this.#rest = [];
    this.#restBytes = 0;
  }
}

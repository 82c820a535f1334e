import { spawn } from "node:child_process";
import { once } from "node:events";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";
import { type JournalRecord, parseJournalRecord } from "../../core/log/journal-entry.ts";
import { TimeWindow } from "../../core/log/selected-entries.ts";
import type { LogBatches, LogEntry, LogQuery } from "../../core/ports/logs.ts";
import { runProgram, searchPath, startFailure } from "../../linux/run-program.ts";

// https://www.freedesktop.org/software/systemd/man/latest/journalctl.html

/** Everything of one container, whole. */
const reading = (containerId: string): readonly string[] => [
  "--output=json",
  "--all",
  "--quiet",
  "--no-pager",
  `CONTAINER_ID_FULL=${containerId}`,
];

/** Fails, in the Engine's words, on a host that has no journalctl. */
export async function readJournal(containerId: string, query: LogQuery): Promise<LogBatches> {
  await synchronized(query.signal);
  return entriesOf(containerId, query);
}

/** The newest of a container's entries that the journal has. */
export async function lastRecord(containerId: string): Promise<JournalRecord | undefined> {
  await synchronized();
  const { stdout } = await runProgram(["journalctl", "--lines=1", ...reading(containerId)]);
  return parseJournalRecord(stdout.trimEnd());
}

/** What was sent to the journal is in its files then; if it does not run, nothing was. */
async function synchronized(signal?: AbortSignal): Promise<void> {
  try {
    await runProgram(["journalctl", "--sync"], { signal });
  } catch (error) {
    if (errnoOf(error instanceof Error ? error.cause : error) !== "ENOENT") throw error;
    throw new EngineError("not-implemented", "configured logging driver does not support reading", {
      cause: error,
    });
  }
}

async function* entriesOf(containerId: string, query: LogQuery): AsyncGenerator<readonly LogEntry[]> {
  const window = new TimeWindow(query);
  try {
    for await (const records of recordsOf(containerId, query)) {
      const selected = window.select(records.map(({ entry }) => entry));
      if (selected.length > 0) yield selected;
      if (window.isOver) return;
    }
  } catch (error) {
    throw wrapError("read journal", error);
  }
}

async function* recordsOf(containerId: string, query: LogQuery): AsyncGenerator<readonly JournalRecord[]> {
  const { signal, follow = false, tail, since, until } = query;
  const match = reading(containerId);
  let from = since === undefined ? [] : [`--since=@${String(Math.floor(since.getTime() / 1000))}`];
  if (tail !== undefined) {
    const first = await tailStart(match, tail, signal);
    if (first === undefined && !follow) return;
    from = first === undefined ? [] : [first];
  }
  if (follow) {
    const ended = new AbortController();
    const end = (): void => ended.abort();
    until?.then(end, end);
    for await (const records of lines(["--follow", "--lines=all", ...from, ...match], signal, ended.signal)) {
      yield records;
      from = records.slice(-1).map(({ cursor }) => `--after-cursor=${cursor}`);
    }
    // What came between the last look and the end.
    await synchronized(signal);
  }
  yield* lines([...from, ...match], signal);
}

/** Where the last lines begin, each of which may be several entries; undefined if there is nothing, or nothing is wanted of nothing. */
async function tailStart(
  match: readonly string[],
  tail: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let first: string | undefined;
  let found = 0;
  for await (const records of lines(["--reverse", ...match], signal)) {
    for (const { cursor, piece } of records) {
      if (found === tail) return first ?? `--after-cursor=${cursor}`;
      first = `--cursor=${cursor}`;
      if (piece === 1) found += 1;
    }
  }
  return first;
}

/** What journalctl writes until it ends, or is to end. */
async function* lines(
  args: readonly string[],
  signal: AbortSignal | undefined,
  ended?: AbortSignal,
): AsyncGenerator<readonly JournalRecord[]> {
  const child = spawn("journalctl", args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: searchPath } });
  const closed = once(child, "close").catch((error: unknown) => {
    throw startFailure("journalctl", error);
  });
  closed.catch(() => undefined);
  const end = (): void => void child.kill();
  const signals = [signal, ended].filter((one) => one !== undefined);
  for (const one of signals) {
    one.addEventListener("abort", end, { once: true });
    if (one.aborted) end();
  }
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-1000);
  });
  let rest: readonly Buffer[] = [];
  try {
    for await (const chunk of child.stdout) {
      const bytes: Buffer = chunk;
      const last = bytes.lastIndexOf(0x0a);
      if (last === -1) {
        rest = [...rest, bytes];
        continue;
      }
      const text = Buffer.concat([...rest, bytes.subarray(0, last)]).toString();
      rest = [bytes.subarray(last + 1)];
      const records = text.split("\n").map(parseJournalRecord);
      const known = records.filter((record) => record !== undefined);
      if (known.length > 0) yield known;
    }
    await closed;
    if (signal?.aborted === true) throw new EngineError("canceled", "canceled");
    if (child.exitCode !== 0 && ended?.aborted !== true) {
      throw new EngineError("internal", `journalctl: ${stderr.trim() || "it was ended"}`);
    }
  } finally {
    for (const one of signals) one.removeEventListener("abort", end);
    child.kill();
  }
}

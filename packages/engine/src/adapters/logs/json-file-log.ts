import { EventEmitter, once } from "node:events";
import { type FileHandle, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import * as z from "zod";
import { errnoOf, wrapError } from "../../core/errors.ts";
import { type OutputPosition, outputStart } from "../../core/log/output-record.ts";
import { positionSchema } from "../../core/log/position-schema.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  JsonLog,
  JsonLogFiles,
  JsonLogOptions,
  LogBatches,
  LogQuery,
  LogResumption,
} from "../../core/ports/logs.ts";
import { type ReadableFile, readJsonLog } from "./json-file-reader.ts";
import { type RotatedFile, RotatedFiles } from "./rotated-files.ts";

const stateSchema = z.object({
  position: positionSchema,
  /** Bytes that follow from the output after the position and are in older files. */
  writtenBytes: z.number(),
  /** What goes with each line of the run under way. */
  attributes: z.string(),
  /** The newest file, and how long it was then. */
  inode: z.number(),
  fileBytes: z.number(),
});
type State = z.output<typeof stateSchema>;

export class JsonFileLogs implements JsonLogFiles {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  open(options: JsonLogOptions): JsonLog {
    return new JsonFileLog(options, this.#logger);
  }
}

/**
 * What is in the files follows from the output alone, so a position that is written down now and then is enough: what the files have
 * beyond it says what an engine that was killed has written, to the byte.
 */
class JsonFileLog implements JsonLog {
  readonly #options: JsonLogOptions;
  readonly #logger: Logger;
  readonly #rotated: RotatedFiles;
  readonly #changes = new EventEmitter();
  /** Readers that open files and changes of files take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #file: FileHandle | undefined;
  #state: State | undefined;
  /** The length of the newest file. */
  #fileBytes = 0;
  /** Made since the position of the state. */
  #madeBytes = 0;
  /** To be made again and not written: those of older files, then those of the newest. */
  #skip = { older: 0, newest: 0 };
  #rest: readonly string[] = [];
  #position: OutputPosition = outputStart;
  #generation = 0;
  #attributes = "";
  #compressing: Promise<void> = Promise.resolve();
  /** Counts changes of the files. */
  #version = 0;

  constructor(options: JsonLogOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#rotated = new RotatedFiles(options.path, options.limits.maxFiles);
    this.#changes.setMaxListeners(0);
  }

  get version(): number {
    return this.#version;
  }

  async resume(resumption: LogResumption) {
    try {
      return await this.#resume(resumption);
    } catch (error) {
      await this.#file?.close();
      this.#file = undefined;
      this.#state = undefined;
      throw wrapError(`open log ${this.#options.path}`, error);
    }
  }

  async saved(): Promise<OutputPosition | undefined> {
    return (await this.#readState())?.position;
  }

  async #resume({ attributes, isNewRun, outputEnd }: LogResumption) {
    if (this.#state !== undefined) return { position: this.#position, attributes: this.#state.attributes };
    const known = await this.#readState();
    const file = await openForAppend(this.#options.path);
    this.#file = file;
    const { ino, size } = await file.stat();
    const start = size === 0 ? outputStart : { offset: outputEnd, pending: {} };
    const first = { position: start, writtenBytes: 0, inode: ino, fileBytes: size, attributes };
    const { position, writtenBytes, inode, fileBytes, ...rest } = known ?? first;
    this.#attributes = isNewRun ? attributes : rest.attributes;
    if (known === undefined) {
      this.#fileBytes = size;
      await this.#writeState(first);
    } else if (inode === ino) {
      // A file that somebody has emptied has nothing of it.
      this.#skip = { older: writtenBytes, newest: Math.max(0, size - fileBytes) };
      this.#fileBytes = Math.min(size, fileBytes);
    } else {
      // It was put away, and that not yet noted.
      const before = await stat(`${this.#options.path}.1`).catch(() => undefined);
      const more = before?.ino === inode ? Math.max(0, before.size - fileBytes) : 0;
      this.#skip = { older: writtenBytes + more, newest: size };
      this.#fileBytes = 0;
      await this.#rotated.trim();
    }
    if (this.#options.limits.compress) this.#compress();
    this.#position = position;
    this.#state = known ?? first;
    return { position, attributes: this.#attributes };
  }

  async write(lines: readonly string[], position: OutputPosition): Promise<void> {
    this.#rest = this.#rest.length === 0 ? lines : [...this.#rest, ...lines];
    try {
      await this.#writeRest();
    } catch (error) {
      throw wrapError(`write log ${this.#options.path}`, error);
    }
    this.#position = position;
  }

  async #writeRest(): Promise<void> {
    const { maxBytes } = this.#options.limits;
    while (this.#rest.length > 0) {
      if (this.#skip.older === 0 && this.#fileBytes >= maxBytes) await this.#rotate();
      await this.#writeSome(maxBytes);
    }
  }

  /** As many lines as go into the newest file together. */
  async #writeSome(maxBytes: number): Promise<void> {
    const isSkipping = this.#skip.older + this.#skip.newest > 0;
    if (maxBytes === Number.POSITIVE_INFINITY && !isSkipping) {
      const written = await this.#appendBytes(Buffer.from(this.#rest.join("")));
      this.#fileBytes += written;
      this.#madeBytes += written;
      this.#rest = [];
      return;
    }
    let text = "";
    let count = 0;
    let room = maxBytes - this.#fileBytes;
    for (const line of this.#rest) {
      const bytes = Buffer.byteLength(line);
      if (this.#skip.older > 0) {
        this.#skip.older = Math.max(0, this.#skip.older - bytes);
        this.#madeBytes += bytes;
        this.#rest = this.#rest.slice(1);
        return;
      }
      if (this.#skip.newest > 0) {
        const skipped = Math.min(bytes, this.#skip.newest);
        // One that was cut is finished.
        if (skipped < bytes) await this.#appendBytes(Buffer.from(line).subarray(skipped));
        this.#skip.newest -= skipped;
        this.#fileBytes += bytes;
        this.#madeBytes += bytes;
        this.#rest = this.#rest.slice(1);
        return;
      }
      if (room <= 0) break;
      room -= bytes;
      text += line;
      count += 1;
    }
    const written = await this.#appendBytes(Buffer.from(text));
    this.#fileBytes += written;
    this.#madeBytes += written;
    this.#rest = this.#rest.slice(count);
  }

  /** What it has written when it fails, the next attempt leaves out. */
  async #appendBytes(bytes: Uint8Array): Promise<number> {
    this.#file ??= await openForAppend(this.#options.path);
    let written = 0;
    try {
      while (written < bytes.length) {
        written += (await this.#file.write(bytes, written)).bytesWritten;
      }
    } catch (error) {
      this.#skip.newest += written;
      throw error;
    } finally {
      this.#version += 1;
      this.#changes.emit("change");
    }
    return written;
  }

  async #rotate(): Promise<void> {
    await this.#compressing;
    await this.#inTurn(async () => {
      await this.#file?.close();
      this.#file = undefined;
      await this.#rotated.shift();
      this.#file = await openForAppend(this.#options.path);
      this.#generation += 1;
      this.#fileBytes = 0;
    });
    const { ino } = await this.#newest().stat();
    const { position } = this.#known();
    await this.#writeState({
      position,
      writtenBytes: this.#madeBytes,
      inode: ino,
      fileBytes: 0,
      attributes: this.#attributes,
    });
    await this.#rotated.trim();
    this.#version += 1;
    this.#changes.emit("change");
    if (this.#options.limits.compress) this.#compress();
  }

  #compress(): void {
    this.#compressing = this.#inTurn(() => this.#rotated.compress()).catch((error: unknown) => {
      this.#logger.warn({ err: error, path: this.#options.path }, "could not compress a log file");
    });
  }

  async save(): Promise<OutputPosition> {
    if (this.#state === undefined || this.#state.position === this.#position) return this.#position;
    const { ino } = await this.#newest().stat();
    const position = this.#position;
    await this.#writeState({
      position,
      // Not yet made again, if an earlier engine has changed files since.
      writtenBytes: this.#skip.older,
      inode: ino,
      fileBytes: this.#fileBytes,
      attributes: this.#attributes,
    });
    this.#madeBytes = 0;
    return position;
  }

  async #writeState(state: State): Promise<void> {
    const { statePath } = this.#options;
    await writeFile(`${statePath}.tmp`, JSON.stringify(state), { mode: 0o600 });
    await rename(`${statePath}.tmp`, statePath);
    this.#state = state;
  }

  /** One that a crash of the host has spoilt is none. */
  async #readState(): Promise<State | undefined> {
    const { statePath } = this.#options;
    let text: string;
    try {
      text = await readFile(statePath, "utf8");
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#logger.error({ err: error, path: statePath }, "how far a log is is not known any more");
      return undefined;
    }
  }

  #newest(): FileHandle {
    if (this.#file === undefined) throw new Error(`log ${this.#options.path} is not open`);
    return this.#file;
  }

  #known(): State {
    if (this.#state === undefined) throw new Error(`log ${this.#options.path} is not open`);
    return this.#state;
  }

  read(query: LogQuery): LogBatches {
    return readJsonLog(this, query);
  }

  /** Every file, the oldest first. */
  openAll(): Promise<readonly ReadableFile[]> {
    return this.#inTurn(async () => {
      const older = await this.#rotated.older();
      const newest: RotatedFile = { path: this.#options.path, age: 0, isCompressed: false };
      return await this.#openFiles([...older, newest]);
    });
  }

  /** The oldest of those that are younger than a generation; undefined if there is none. */
  openAfter(generation: number): Promise<ReadableFile | undefined> {
    return this.#inTurn(async () => {
      if (generation >= this.#generation) return undefined;
      const older = await this.#rotated.older();
      const wanted = older.find(({ age }) => this.#generation - age > generation);
      const newest: RotatedFile = { path: this.#options.path, age: 0, isCompressed: false };
      return (await this.#openFiles([wanted ?? newest])).at(0);
    });
  }

  async #openFiles(files: readonly RotatedFile[]): Promise<readonly ReadableFile[]> {
    const opened: ReadableFile[] = [];
    for (const { path, age, isCompressed } of files) {
      try {
        const file = await open(path, "r");
        opened.push({ file, generation: this.#generation - age, isCompressed });
      } catch (error) {
        if (errnoOf(error) === "ENOENT") continue;
        await Promise.all(opened.map(({ file }) => file.close()));
        throw error;
      }
    }
    return opened;
  }

  /** Resolves at the first change after a version, or when the signal fires. */
  async changed(since: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#version !== since) return;
    try {
      await once(this.#changes, "change", { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#compressing;
    await this.#file?.close();
    this.#file = undefined;
    this.#state = undefined;
    this.#rest = [];
    this.#skip = { older: 0, newest: 0 };
    this.#madeBytes = 0;
  }
}

const openForAppend = (path: string): Promise<FileHandle> => open(path, "a", 0o640);

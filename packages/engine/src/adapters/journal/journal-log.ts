import { readFile, rename, writeFile } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import * as z from "zod";
import { EngineError, errnoOf, messageOf, wrapError } from "../../core/errors.ts";
import { newId } from "../../core/identifiers.ts";
import { journalField } from "../../core/log/journal-entry.ts";
import { type OutputPosition, outputStart } from "../../core/log/output-record.ts";
import { positionSchema } from "../../core/log/position-schema.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  FollowedLog,
  JournalLogOptions,
  LogBatches,
  LogQuery,
  LogResumption,
} from "../../core/ports/logs.ts";
import { lastRecord, readJournal } from "./journal-reader.ts";
import type { JournalSender, Sent } from "./journal-sender.ts";

const stateSchema = z.object({
  position: positionSchema,
  /** What goes with each line of the run under way. */
  attributes: z.string(),
  /** Which counting it is, and how many entries it had at the position and by the time of writing. */
  epoch: z.string(),
  ordinal: z.number(),
  sent: z.number(),
});
type State = z.output<typeof stateSchema>;

export interface OpenJournalLogOptions extends JournalLogOptions {
  readonly sender: JournalSender;
  readonly logger: Logger;
}

/** Sent at once. */
const mostEntries = 256;
const tooLong = 90;

/**
 * Entries are counted, and what they are follows from the output alone: what an engine that was killed has sent after it last wrote down
 * its position, the journal tells, and it is not sent again.
 */
export class JournalLog implements FollowedLog<Uint8Array> {
  readonly #options: OpenJournalLogOptions;
  #state: State | undefined;
  #position: OutputPosition = outputStart;
  /** Entries made by the position, and in all. */
  #ordinal = 0;
  #sent = 0;
  /** To be made again and not sent. */
  #skip = 0;
  #rest: readonly Uint8Array[] = [];

  constructor(options: OpenJournalLogOptions) {
    this.#options = options;
  }

  async resume({ attributes, isNewRun, outputEnd }: LogResumption) {
    const { containerId } = this.#options;
    const known = this.#present() ?? (await this.#readState());
    const start = known === "spoilt" ? { offset: outputEnd, pending: {} } : outputStart;
    const state =
      known === undefined || known === "spoilt"
        ? { position: start, attributes, epoch: newId(), ordinal: 0, sent: 0 }
        : { ...known, attributes: isNewRun ? attributes : known.attributes };
    let sent = state.sent;
    if (!isNewRun) {
      const last = await lastRecord(containerId).catch(() => undefined);
      if (last?.epoch === state.epoch) sent = Math.max(sent, last.ordinal);
    }
    await this.#writeState(state);
    this.#position = state.position;
    this.#ordinal = state.ordinal;
    this.#sent = state.ordinal;
    this.#skip = sent - state.ordinal;
    this.#rest = [];
    return { position: state.position, attributes: state.attributes };
  }

  async saved(): Promise<OutputPosition | undefined> {
    const known = await this.#readState();
    return known === "spoilt" ? undefined : known?.position;
  }

  async write(lines: readonly Uint8Array[], position: OutputPosition, signal: AbortSignal): Promise<void> {
    this.#rest = this.#rest.length === 0 ? lines : [...this.#rest, ...lines];
    const skipped = Math.min(this.#skip, this.#rest.length);
    this.#skip -= skipped;
    this.#sent += skipped;
    this.#rest = this.#rest.slice(skipped);
    while (this.#rest.length > 0) await this.#sendSome(signal);
    this.#position = position;
    this.#ordinal = this.#sent;
  }

  async #sendSome(signal: AbortSignal): Promise<void> {
    const { sender, logger, containerId } = this.#options;
    const { epoch } = this.#known();
    const group = this.#rest
      .slice(0, mostEntries)
      .map((entry, index) => counted(entry, epoch, this.#sent + index + 1));
    const { taken, error }: Sent = await sender.send(group, signal);
    const isDropped = error === tooLong;
    if (isDropped) {
      logger.warn(
        { container: containerId, bytes: group[taken]?.length },
        "the journal does not take a line: too long",
      );
    }
    const done = taken + (isDropped ? 1 : 0);
    this.#sent += done;
    this.#rest = this.#rest.slice(done);
    if (error !== 0 && !isDropped) {
      throw new EngineError("unavailable", `send to the journal: ${getSystemErrorMessage(-error)}`);
    }
  }

  async save(): Promise<OutputPosition> {
    await this.#writeState(this.#known());
    return this.#position;
  }

  /** As it would be written down now; undefined if it is not open. */
  #present(): State | undefined {
    const sent = this.#sent + this.#skip;
    return this.#state && { ...this.#state, position: this.#position, ordinal: this.#ordinal, sent };
  }

  async #writeState(state: State): Promise<void> {
    const { statePath } = this.#options;
    await writeFile(`${statePath}.tmp`, JSON.stringify(state), { mode: 0o600 });
    await rename(`${statePath}.tmp`, statePath);
    this.#state = state;
  }

  /** A crash of the host may have spoilt it. */
  async #readState(): Promise<State | "spoilt" | undefined> {
    const { statePath, logger } = this.#options;
    let text: string;
    try {
      text = await readFile(statePath, "utf8");
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw wrapError(`read ${statePath}`, error);
    }
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch (error) {
      logger.error({ err: error, path: statePath }, "how far a log is is not known any more");
      return "spoilt";
    }
  }

  #known(): State {
    const present = this.#present();
    if (present === undefined) throw new Error(`log ${this.#options.statePath} is not open`);
    return present;
  }

  read(query: LogQuery): Promise<LogBatches> {
    return readJournal(this.#options.containerId, query);
  }

  /** The next engine goes on from here. */
  async close(): Promise<void> {
    if (this.#state === undefined) return;
    try {
      await this.save();
    } catch (error) {
      const { containerId: container, logger } = this.#options;
      logger.warn({ container, reason: messageOf(error) }, "how far a log is cannot be noted");
    }
    this.#state = undefined;
    this.#rest = [];
  }
}

/** Fields of their own tell which entries of a container there are, as at the Engine. */
const counted = (entry: Uint8Array, epoch: string, ordinal: number): Uint8Array =>
  Buffer.concat([
    entry,
    journalField("CONTAINER_LOG_EPOCH", epoch),
    journalField("CONTAINER_LOG_ORDINAL", String(ordinal)),
  ]);

import { statSync } from "node:fs";
import type { Logger } from "../../core/ports/logger.ts";
import type { FollowedLog, JournalLogOptions, JournalLogs } from "../../core/ports/logs.ts";
import { JournalLog } from "./journal-log.ts";
import { JournalSender } from "./journal-sender.ts";

export interface SystemdJournalOptions {
  readonly socketPath: string;
  readonly logger: Logger;
}

/** systemd's journal, written through its socket and read with journalctl. */
export class SystemdJournal implements JournalLogs {
  readonly #options: SystemdJournalOptions;
  readonly #sender: JournalSender;

  constructor(options: SystemdJournalOptions) {
    this.#options = options;
    this.#sender = new JournalSender(options.socketPath);
  }

  isThere(): boolean {
    return statSync(this.#options.socketPath, { throwIfNoEntry: false })?.isSocket() === true;
  }

  open(options: JournalLogOptions): FollowedLog<Uint8Array> {
    return new JournalLog({ ...options, sender: this.#sender, logger: this.#options.logger });
  }

  close(): Promise<void> {
    return this.#sender.close();
  }
}

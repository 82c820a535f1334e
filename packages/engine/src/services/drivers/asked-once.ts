import { abortable } from "../../core/abortable.ts";
import { isCanceled } from "../../core/errors.ts";
import type { DriverCall } from "../../core/ports/driver-call.ts";

/** An answer that is asked for once and then kept, however many want it at the same time; each waits as long as its own call may. */
export class AskedOnce<Answer> {
  readonly #what: string;
  readonly #ask: (call: DriverCall) => Promise<Answer>;
  #asked: Promise<Answer> | undefined;

  /** `what` is for messages. */
  constructor(what: string, ask: (call: DriverCall) => Promise<Answer>) {
    this.#what = what;
    this.#ask = ask;
  }

  /** Fails as the asking does; who comes next asks again. */
  async get(call: DriverCall): Promise<Answer> {
    for (;;) {
      const isOwn = this.#asked === undefined;
      this.#asked ??= this.#ask(call);
      const asked = this.#asked;
      try {
        return await abortable(asked, call.signal, this.#what);
      } catch (error) {
        const isEnded = call.signal?.aborted === true;
        if (this.#asked === asked && (isOwn || !isEnded)) this.#asked = undefined;
        // That another caller has gone is no reason for this one to go without an answer.
        if (isOwn || isEnded || !isCanceled(error)) throw error;
      }
    }
  }
}

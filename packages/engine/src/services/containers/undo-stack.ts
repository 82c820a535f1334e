import type { Logger } from "../../core/ports/logger.ts";

/** What to take back if a later step fails. */
export class UndoStack {
  readonly #steps: { readonly name: string; readonly undo: () => Promise<unknown> }[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  push(name: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ name, undo });
  }

  /** Last first, each whatever becomes of the others; failures are logged. */
  async undoAll(): Promise<void> {
    for (const { name, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        this.#logger.error({ err: error, step: name }, "could not undo a step");
      }
    }
  }
}

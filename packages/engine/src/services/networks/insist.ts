import { EngineError, PluginRefusal } from "../../core/errors.ts";

/** What is told of an undoing step that a driver would not take, and that will not be asked of it again. */
export type OnRefusal = (error: unknown) => void;

/**
 * Runs a step that undoes something at a driver. A driver that refuses, or that is there no longer, has nothing to be undone any more;
 * any other failure leaves it open, and is thrown.
 */
export async function insist(
  step: () => Promise<unknown>,
  onRefusal: OnRefusal = () => undefined,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    const isOver =
      error instanceof PluginRefusal || (error instanceof EngineError && error.kind === "not-found");
    if (!isOver) throw error;
    onRefusal(error);
  }
}

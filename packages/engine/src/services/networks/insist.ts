import { EngineError, PluginRefusal } from "../../core/errors.ts";
import { localName } from "../../core/plugin/resolve.ts";

/** What is told of an undoing step that a driver would not take, and that will not be asked of it again. */
export type OnRefusal = (error: unknown) => void;

/**
 * Runs a step that undoes something at a driver. A driver that refuses has nothing to be undone any more, nor has a managed plugin that was
 * removed, and its state with it. Any other failure leaves it open, and is thrown: a plugin that the engine does not manage may be away
 * for a while only.
 */
export async function insist(
  driverName: string,
  step: () => Promise<unknown>,
  onRefusal: OnRefusal = () => undefined,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    const isRemoved = error instanceof EngineError && error.kind === "not-found" && isManaged(driverName);
    if (!(error instanceof PluginRefusal || isRemoved)) throw error;
    onRefusal(error);
  }
}

/** Whether a driver on record is a plugin that the engine manages, or managed: only those have a tag. */
export const isManaged = (driverName: string): boolean => localName(driverName) === driverName;

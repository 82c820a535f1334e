import { InvalidReferenceError, parseReference as parse, type Reference } from "@davit/protocol";
import { EngineError } from "./errors.ts";

export {
  canonicalName,
  familiarName,
  familiarRepository,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "@davit/protocol";

/** Parses what a user typed; a missing registry becomes `docker.io`, a missing tag stays missing. */
export function parseReference(text: string): Reference {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    throw new EngineError("invalid", error.message, { cause: error });
  }
}

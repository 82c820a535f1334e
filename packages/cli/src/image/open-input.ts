import { once } from "node:events";
import type { ReadStream } from "node:fs";
import { errnoOf, Failure, messageOf } from "../failure.ts";

/** Waits until the file is open, so that a missing one is told before anything is sent. */
export async function openInput(stream: ReadStream, path: string): Promise<ReadStream> {
  try {
    await once(stream, "open");
    return stream;
  } catch (error) {
    const reason = errnoOf(error) === "ENOENT" ? "no such file or directory" : messageOf(error);
    throw new Failure(`open ${path}: ${reason}`, { cause: error });
  }
}

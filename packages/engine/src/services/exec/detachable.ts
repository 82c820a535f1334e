import { DetachScanner } from "../../core/container/detach-keys.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";

/** What is typed, up to the keys that detach: there it ends, and `onDetach` is called. */
export async function* detachable(
  source: ByteStream,
  keys: readonly number[],
  onDetach: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const scanner = new DetachScanner(keys);
  for await (const chunk of source) {
    const { passed, detached } = scanner.push(chunk);
    if (passed.byteLength > 0) yield passed;
    if (detached) {
      onDetach();
      return;
    }
  }
}

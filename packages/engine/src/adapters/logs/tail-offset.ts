import type { FileHandle } from "node:fs/promises";

const blockBytes = 64 * 1024;
const newline = 0x0a;

export interface TailedRecords {
  /** Whether the line goes on after a record; undefined for what is no record. */
  readonly isPartial: (line: Buffer) => boolean | undefined;
  /** Nothing is looked for before. */
  readonly floor?: number;
}

/**
 * Where the last `lines` lines of a log begin, found by reading backwards from its end. A line ends with an entry that is not partial;
 * partial entries after the last of those are a line as well. `found` says how many there were, if fewer.
 */
export async function tailOffset(
  file: FileHandle,
  lines: number,
  { isPartial, floor = 0 }: TailedRecords,
): Promise<{ readonly offset: number; readonly found: number }> {
  const { size } = await file.stat();
  if (lines <= 0) return { offset: size, found: 0 };
  let found = 0;
  let isLast = true;
  // What has been read of the record that began before the blocks read so far, from `position` on.
  let rest: Buffer = Buffer.alloc(0);
  for (let position = size; position > floor; ) {
    const start = Math.max(floor, position - blockBytes);
    const block = await readFully(file, start, position - start);
    const data = Buffer.concat([block, rest]);
    let end = data.length;
    for (;;) {
      // Its own newline is the byte before `end`, so the one that ends the record before it is sought from there.
      const before = end < 2 ? -1 : data.lastIndexOf(newline, end - 2);
      if (before === -1 && start > floor) break;
      const partial = isPartial(data.subarray(before + 1, end - 1));
      if (partial !== undefined && (!partial || isLast)) {
        if (found === lines) return { offset: start + end, found };
        found += 1;
      }
      isLast = false;
      if (before === -1) return { offset: floor, found };
      end = before + 1;
    }
    rest = data.subarray(0, end);
    position = start;
  }
  return { offset: floor, found };
}

async function readFully(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

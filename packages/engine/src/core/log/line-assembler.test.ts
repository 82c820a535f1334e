import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LineAssembler, type LogMessage, pieceBytes } from "./line-assembler.ts";
import { type OutputPosition, type OutputRecord, outputStart, resumeOffset } from "./output-record.ts";

const timestamp = "2026-01-02T03:04:05.000000000Z";
const idOf = (offset: number): string => `line at ${offset}`;

/** Output cut as a monitor does, wherever its buffer ends. */
const output = fc.array(
  fc.record({
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    size: fc.oneof(fc.nat(30), fc.integer({ min: 6000, max: 9000 }), fc.constant(8192)),
    partial: fc.boolean(),
  }),
  { maxLength: 30 },
);

function recordsOf(parts: readonly { stream: "stdout" | "stderr"; size: number; partial: boolean }[]) {
  let offset = 0;
  return parts.map(({ stream, size, partial }, index): OutputRecord => {
    const bytes = new Uint8Array(size).fill(65 + (index % 26));
    const record = { stream, timestamp, bytes, partial, offset };
    offset += size + 50;
    return record;
  });
}

const textOf = ({ stream, line, piece }: LogMessage): string =>
  `${stream} ${Buffer.from(line).toString()}${piece === undefined || piece.last ? "\n" : ""} ${JSON.stringify(piece)}`;

function assembled(records: readonly OutputRecord[], position: OutputPosition = outputStart) {
  const assembler = new LineAssembler(idOf, position);
  const messages: LogMessage[] = [];
  const take = (message: LogMessage): void => void messages.push(message);
  for (const record of records) {
    if (record.offset >= resumeOffset(position)) assembler.push(record, take);
  }
  return { assembler, messages, take };
}

test("gives every byte of each stream back, in pieces of 16 KiB at most", () => {
  fc.assert(
    fc.property(output, (parts) => {
      const records = recordsOf(parts);
      const { assembler, messages, take } = assembled(records);
      assembler.flush(take);
      for (const stream of ["stdout", "stderr"] as const) {
        const written = records
          .filter((record) => record.stream === stream)
          .map(({ bytes, partial }) => Buffer.from(bytes).toString() + (partial ? "" : "\n"))
          .join("");
        const given = messages
          .filter((message) => message.stream === stream)
          .map(({ line, piece }) => Buffer.from(line).toString() + (piece?.last === false ? "" : "\n"))
          .join("");
        expect(given).toBe(written);
      }
      for (const { line } of messages) expect(line.length).toBeLessThanOrEqual(pieceBytes);
    }),
  );
});

test("goes on from any position as if it had never stopped", () => {
  fc.assert(
    fc.property(output, fc.nat(30), (parts, cut) => {
      const records = recordsOf(parts);
      const whole = assembled(records);
      whole.assembler.flush(whole.take);
      const before = assembled(records.slice(0, cut));
      const next = records[cut]?.offset ?? Number.MAX_SAFE_INTEGER;
      const after = assembled(records, before.assembler.position(next));
      after.assembler.flush(after.take);
      expect([...before.messages, ...after.messages].map(textOf)).toEqual(whole.messages.map(textOf));
    }),
  );
});

test("what both streams have not finished ends in one order, whichever began first", () => {
  const record = { timestamp, bytes: Buffer.from("a"), partial: true } as const;
  const { assembler, messages, take } = assembled([
    { ...record, stream: "stderr", offset: 0 },
    { ...record, stream: "stdout", offset: 60 },
  ]);
  assembler.flush(take);
  expect(messages.map(({ stream }) => stream)).toEqual(["stdout", "stderr"]);
});

test("a line of whole pieces ends with an empty one; what has no newline has no last one", () => {
  const bytes = new Uint8Array(pieceBytes);
  const record = { stream: "stdout", timestamp, bytes, partial: false, offset: 7 } as const;
  const { assembler, messages, take } = assembled([record, { ...record, partial: true, offset: 9 }]);
  assembler.flush(take);
  expect(messages.map(({ line, piece }) => [line.length, piece])).toEqual([
    [pieceBytes, { id: "line at 7", ordinal: 1, last: false }],
    [0, { id: "line at 7", ordinal: 2, last: true }],
    [pieceBytes, { id: "line at 9", ordinal: 1, last: false }],
  ]);
});

test("the mark of a new run ends what was unfinished", () => {
  const record = { stream: "stdout", timestamp, bytes: Buffer.from("a"), partial: true, offset: 0 } as const;
  const { assembler, messages, take } = assembled([record]);
  assembler.push({ stream: "mark" }, take);
  assembler.push({ ...record, bytes: Buffer.from("b"), partial: false, offset: 60 }, take);
  expect(messages.map(({ line }) => Buffer.from(line).toString())).toEqual(["a", "b"]);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLogEntry, encodeLogEntry, LogEntryError, LogEntrySplitter } from "./log-entry.ts";

const entries = fc.array(
  fc.record({
    source: fc.constantFrom("stdout", "stderr"),
    timeNano: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    line: fc.uint8Array({ maxLength: 300 }),
    partial: fc.boolean(),
    piece: fc.option(
      fc.record({ last: fc.boolean(), id: fc.string(), ordinal: fc.integer({ min: 0, max: 2 ** 31 - 1 }) }),
      { nil: undefined },
    ),
  }),
  { maxLength: 8 },
);

const plain = (list: readonly { readonly line: Uint8Array; readonly piece?: unknown }[]) =>
  list.map(({ line, piece, ...rest }) => ({ ...rest, line: [...line], ...(piece ? { piece } : {}) }));

test("what is written is read, however it arrives", () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 50 }), (list, step) => {
      const bytes = Buffer.concat(list.map(encodeLogEntry));
      const splitter = new LogEntrySplitter();
      const read = [];
      for (let at = 0; at < bytes.length; at += step)
        read.push(...splitter.push(bytes.subarray(at, at + step)));
      expect(plain(read)).toEqual(plain(list));
      expect(splitter.isAtEnd).toBe(true);
    }),
  );
});

test("an entry has the bytes that dockerd writes", () => {
  const line = Buffer.from("out1");
  const bytes = encodeLogEntry({ source: "stdout", timeNano: 1767323045000000001n, line, partial: false });
  expect(Buffer.from(bytes).toString("hex")).toBe("000000180a067374646f75741081e4d8e4a1deb2c3181a046f757431");
});

test.each([
  ["a number without an end", [0x10, 0x80], "ends within a number"],
  ["a field that is longer than the message", [0x0a, 0x7f, 0x41], "ends within a field"],
  ["a group", [0x0b], "unknown kind"],
  ["field number 0", [0x00, 0x00], "number 0"],
  ["a number of over 64 bits", [0x10, ...Array.from({ length: 11 }, () => 0xff)], "over 64 bits"],
])("%s is refused", (_name, bytes, message) => {
  expect(() => decodeLogEntry(Uint8Array.from(bytes))).toThrow(message);
});

test("a length that no entry has is refused before anything is kept", () => {
  expect(() => new LogEntrySplitter().push(Uint8Array.from([0x06, 0, 0, 0]))).toThrow(LogEntryError);
});

test("fields that are not known are passed over", () => {
  const bytes = Uint8Array.from([0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4, 0x1a, 1, 0x78, 0x40, 5]);
  expect(Buffer.from(decodeLogEntry(bytes).line).toString()).toBe("x");
});

test("any bytes are read or refused", () => {
  const failureOf = (bytes: Uint8Array): unknown => {
    try {
      decodeLogEntry(bytes);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const failure = failureOf(bytes);
      expect(failure === undefined || failure instanceof LogEntryError).toBe(true);
    }),
  );
});

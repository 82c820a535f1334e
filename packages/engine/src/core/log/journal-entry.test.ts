import * as fc from "fast-check";
import { expect, test } from "vitest";
import { journalEncoder, journalField, journalFields, parseJournalRecord } from "./journal-entry.ts";
import type { LogSubject } from "./log-tag.ts";

const subject: LogSubject = {
  id: "c".repeat(64),
  name: "web",
  imageId: "sha256:abc",
  imageName: "busybox",
  command: ["true"],
  createdAt: "2026-01-02T03:04:05Z",
  env: [],
  labels: {},
  config: {},
  hostname: "h",
};

/** As the journal reads an entry. */
function fieldsOf(entry: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  const bytes = Buffer.from(entry);
  const fields: (readonly [string, Uint8Array])[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    const equals = bytes.subarray(at, end).indexOf("=");
    if (equals === -1) {
      const length = Number(bytes.readBigUInt64LE(end + 1));
      const from = end + 9;
      fields.push([bytes.toString("latin1", at, end), bytes.subarray(from, from + length)]);
      if (bytes[from + length] !== 0x0a) throw new Error("the value does not end with a newline");
      at = from + length + 1;
    } else {
      fields.push([bytes.toString("latin1", at, at + equals), bytes.subarray(at + equals + 1, end)]);
      at = end + 1;
    }
  }
  return fields;
}

test("any bytes come out of a field as they went in, and what follows stays apart", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 80 }), (first, second) => {
      const fields = fieldsOf(Buffer.concat([journalField("A", first), journalField("B", second)]));
      expect(fields.map(([name, value]) => [name, [...value]])).toEqual([
        ["A", [...first]],
        ["B", [...second]],
      ]);
    }),
  );
});

test("no label takes the place of a field of ours, and no name is one that the journal refuses", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary", maxLength: 70 }), fc.string()), (labels) => {
      const ours = JSON.parse(journalFields(subject));
      const fields = JSON.parse(journalFields({ ...subject, labels, config: { "labels-regex": "^" } }));
      expect(fields).toMatchObject(ours);
      for (const name of Object.keys(fields)) expect(name).toMatch(/^[A-Z][A-Z0-9_]{0,63}$/);
    }),
  );
  const labels = { message: "x", container_id_full: "y", "_.a-b": "z", "9": "n", priority: "0" };
  const config = { "labels-regex": "." };
  expect(JSON.parse(journalFields({ ...subject, labels, config }))).toEqual({
    ...JSON.parse(journalFields(subject)),
    A_B: "z",
  });
});

test("labels past 32 KiB are left out", () => {
  const labels = { a: "x".repeat(30_000), b: "x".repeat(30_000) };
  const fields = JSON.parse(journalFields({ ...subject, labels, config: { labels: "a,b" } }));
  expect(Object.keys(fields)).toContain("A");
  expect(Object.keys(fields)).not.toContain("B");
});

test("a message comes back as an entry", () => {
  const timestamp = "2026-01-02T03:04:05.000000006Z";
  const message = {
    stream: "stderr",
    timestamp,
    line: Buffer.from("é\n"),
    piece: { id: "i", ordinal: 2, last: false },
  } as const;
  const encode = journalEncoder(
    journalFields({ ...subject, labels: { team: "a" }, config: { labels: "team" } }),
  );
  const fields = Object.fromEntries(
    fieldsOf(encode(message)).map(([name, value]) => [name, Buffer.from(value).toString()]),
  );
  expect(parseJournalRecord(JSON.stringify({ ...fields, __CURSOR: "c", _UID: "0" }))).toEqual({
    cursor: "c",
    epoch: undefined,
    ordinal: 0,
    piece: 2,
    entry: {
      stream: "stderr",
      timestamp,
      bytes: new Uint8Array(Buffer.from("é\n")),
      partial: true,
      attributes: { TEAM: "a" },
    },
  });
});

test.each(["", "{", "[]", "{}", '{"__CURSOR":1}'])("%j is no record", (text) => {
  expect(parseJournalRecord(text)).toBeUndefined();
});

test("an entry of another program has the time that the journal has", () => {
  const text = JSON.stringify({ __CURSOR: "c", __REALTIME_TIMESTAMP: "1795651894026785", MESSAGE: [255] });
  expect(parseJournalRecord(text)?.entry).toEqual({
    stream: "stdout",
    timestamp: "2026-11-26T00:11:34.026785000Z",
    bytes: Uint8Array.of(255),
    partial: false,
  });
});

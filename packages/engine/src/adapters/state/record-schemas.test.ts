import { expect, test } from "vitest";
import { sampleRecord } from "../../core/container/sample-record.ts";
import { containerRecordSchema } from "./record-schemas.ts";

/** As JSON gives it back. */
const stored = (record: object): unknown => JSON.parse(JSON.stringify(record));

test("a container's record is read as it was written", () => {
  const record = sampleRecord({
    status: "restarting",
    restartCount: 3,
    networkMode: "container",
    ports: [{ hostPort: 1, containerPort: 2, protocol: "udp", hostAddress: "127.0.0.1" }],
    mounts: [
      {
        type: "volume",
        volume: "v",
        destination: "/v",
        readOnly: false,
        propagation: "",
        mode: "",
        noCopy: true,
        subpath: "a",
      },
    ],
  });
  expect(containerRecordSchema.parse(stored(record))).toEqual(stored(record));
});

test("what an earlier version left out of a container's record is none", () => {
  const { restartCount: _count, manuallyStopped: _stopped, ...earlier } = sampleRecord();
  expect(containerRecordSchema.parse(stored(earlier))).toMatchObject({
    restartCount: 0,
    manuallyStopped: false,
  });
});

import { expect, test } from "vitest";
import { parseVolumeOption } from "./volume-option.ts";

test.each([
  ["/data", { kind: "anonymous", destination: "/data" }],
  ["v:/data", { kind: "bind", bind: "v:/data" }],
  ["v:/data:ro", { kind: "bind", bind: "v:/data:ro" }],
  ["./x:/data", { kind: "bind", bind: "/home/x:/data" }],
  ["../x:/data:rw", { kind: "bind", bind: "/x:/data:rw" }],
])("%s", (text, expected) => {
  expect(parseVolumeOption(text, "/home")).toEqual(expected);
});

test.each([
  ["", "invalid empty volume spec"],
  [":/x", "invalid spec: :/x: empty section between colons"],
  ["a::b", "invalid spec: a::b: empty section between colons"],
  ["a:b:c:d", "invalid spec: a:b:c:d: too many colons"],
])("refuses %j", (text, message) => {
  expect(() => parseVolumeOption(text, "/")).toThrow(message);
});

import { expect, test } from "vitest";
import { parseSeccompDocument, seccompOfDocument } from "./seccomp-document.ts";

const target = { capabilities: ["CAP_CHOWN"], architecture: "amd64", kernelVersion: "6.1.0-18-amd64" };
const allow = (parts: object) => ({ names: ["x"], action: "SCMP_ACT_ALLOW", ...parts });
const rulesOf = (...syscalls: object[]) =>
  seccompOfDocument(
    parseSeccompDocument(JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", syscalls })),
    target,
  ).syscalls;

test.each([
  [{ includes: { caps: ["CAP_CHOWN"] } }, true],
  [{ includes: { caps: ["CAP_CHOWN", "CAP_KILL"] } }, false],
  [{ includes: { arches: ["arm64", "amd64"] } }, true],
  [{ includes: { arches: ["arm64"] } }, false],
  [{ includes: { minKernel: "4.8" } }, true],
  [{ includes: { minKernel: "6.2" } }, false],
  [{ excludes: { caps: ["CAP_CHOWN", "CAP_KILL"] } }, false],
  [{ excludes: { arches: ["amd64"] } }, false],
  [{ excludes: {}, includes: null, args: null, comment: "" }, true],
])("a rule with %j applies: %s", (condition, applies) => {
  expect(rulesOf(allow(condition))).toHaveLength(applies ? 1 : 0);
});

test("the machine's architecture comes with those below it", () => {
  const document = parseSeccompDocument(
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      archMap: [
        { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
        { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
      ],
    }),
  );
  expect(seccompOfDocument(document, target).architectures).toEqual(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
});

test("arguments and error numbers are kept, and one name is a list of one", () => {
  const args = [{ index: 0, value: 1, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" }];
  expect(rulesOf({ name: "socket", action: "SCMP_ACT_ERRNO", errnoRet: 22, args })).toEqual([
    { names: ["socket"], action: "SCMP_ACT_ERRNO", errnoRet: 22, args },
  ]);
});

test.each([
  ["{", "Decoding seccomp profile failed: "],
  ["[]", "Decoding seccomp profile failed: "],
  [
    '{"defaultAction":"A","syscalls":[{"name":"a","names":["b"],"action":"A"}]}',
    "use either 'name' or 'names'",
  ],
])("refuses %s", (text, message) => {
  expect(() => parseSeccompDocument(text)).toThrow(message);
});

import { expect, test } from "vitest";
import { checkedName, inventName, resolveContainer } from "./name.ts";
import { sampleRecord } from "./sample-record.ts";

const a = sampleRecord({ id: `ab${"0".repeat(62)}`, name: "alpha" });
const b = sampleRecord({ id: `ac${"0".repeat(62)}`, name: "ab" });

test("invents names that nobody has", () => {
  const taken = new Set<string>();
  for (let count = 0; count < 200; count++) {
    const name = inventName((candidate) => taken.has(candidate));
    expect(name).toMatch(/^[a-z]+_[a-z]+$/);
    taken.add(name);
  }
  expect(taken.size).toBe(200);
  let refusals = 0;
  expect(
    inventName(
      () => refusals++ < 20,
      () => 0,
    ),
  ).toBe("able_amundsen20");
});

test("a name in use is a conflict that says by whom", () => {
  expect(() => checkedName("/alpha", [a, b])).toThrow(
    `Conflict. The container name "/alpha" is already in use by container "${a.id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
  expect(checkedName("/beta", [a, b])).toBe("beta");
});

test.each(["", "x", "-x", "a b", "a/b", ".a"])("the name '%s' is refused", (name) => {
  expect(() => checkedName(name, [])).toThrow(`Invalid container name (${name}), only`);
});

test("finds by ID, by name before ID prefix, and by prefix", () => {
  expect(resolveContainer(a.id, [a, b])).toBe(a);
  expect(resolveContainer("/alpha", [a, b])).toBe(a);
  expect(resolveContainer("ab", [a, b])).toBe(b);
  expect(resolveContainer("ac0", [a, b])).toBe(b);
  expect(() => resolveContainer("a", [a, b])).toThrow("multiple IDs found with provided prefix: a");
  expect(() => resolveContainer("zz", [a, b])).toThrow("No such container: zz");
});

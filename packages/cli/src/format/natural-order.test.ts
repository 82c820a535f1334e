import { expect, test } from "vitest";
import { naturally } from "./natural-order.ts";

test("sorts numbers by value and the rest by code unit", () => {
  const names = ["v10", "v2", "v1", "a", "v", "V3", "v2b", "v02"];
  expect(names.toSorted(naturally)).toEqual(["V3", "a", "v", "v1", "v02", "v2", "v2b", "v10"]);
});

import { expect, test } from "vitest";
import { alignColumns } from "./table.ts";

test("pads columns with three spaces, ten characters at least, and leaves the last cell alone", () => {
  expect(alignColumns("DRIVER\tVOLUME NAME\nlocal\tv")).toBe("DRIVER    VOLUME NAME\nlocal     v");
  expect(alignColumns("A\tB\nlonger-than-ten\tx")).toBe("A                 B\nlonger-than-ten   x");
});

test("counts characters, not bytes", () => {
  expect(alignColumns("lon…aaaaaaaaa\tx\nb\ty")).toBe("lon…aaaaaaaaa   x\nb               y");
});

test("a line without a cell ends the column's run", () => {
  expect(alignColumns("aaaaaaaaaaaa\tx\nplain\nb\ty")).toBe("aaaaaaaaaaaa   x\nplain\nb         y");
});

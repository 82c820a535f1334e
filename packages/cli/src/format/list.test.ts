import { expect, test } from "vitest";
import { labelHeader, labelMethod, labelsText } from "./labels.ts";
import { field, type ListView, renderList } from "./list.ts";

interface Row {
  readonly name: string;
  readonly labels: Record<string, string>;
}

const view: ListView<Row> = {
  table: "{{.Name}}\t{{.Labels}}",
  quiet: "{{.Name}}",
  fields: {
    Name: field("NAME", ({ name }) => name),
    Labels: field("LABELS", ({ labels }) => labelsText(labels)),
    Label: field(labelHeader, ({ labels }) => labelMethod(labels)),
  },
};
const rows: Row[] = [{ name: "one", labels: { b: "2", a: "1" } }];

test.each([
  ["", false, "NAME      LABELS\none       a=1,b=2"],
  ["table", false, "NAME      LABELS\none       a=1,b=2"],
  ["", true, "one"],
  ["{{.Name}}", true, "one"],
  ["json", false, '{"Labels":"a=1,b=2","Name":"one"}'],
  ['table {{.Name}}\\t{{.Label "a"}}', false, "NAME      a\none       1"],
  ["table {{upper .Name}}", false, "NAME\nONE"],
  ['{{.Name}}\\t{{.Label "x"}}|', false, "one\t|"],
])("format %j, quiet %s", (format, quiet, expected) => {
  expect(renderList(view, rows, { format, quiet })).toBe(expected);
});

test("an empty list has a heading in a table only", () => {
  expect(renderList(view, [], { format: "", quiet: false })).toBe("NAME      LABELS");
  expect(renderList(view, [], { format: "", quiet: true })).toBe("");
});

test("a bad template is refused", () => {
  expect(() => renderList(view, rows, { format: "{{.Foo}}", quiet: false })).toThrow(
    "template parsing error: template: :1:2",
  );
});

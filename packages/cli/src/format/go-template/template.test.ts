import { expect, test } from "vitest";
import { templateFunctions } from "./functions.ts";
import { executeTemplate, parseTemplate } from "./template.ts";

const render = (template: string, value: unknown): string =>
  executeTemplate(parseTemplate(template, templateFunctions), value, templateFunctions);

const plugin = {
  Name: "vieux/sshfs:latest",
  Enabled: true,
  Settings: { Env: ["A=1", "B=2"], Mounts: [{ Destination: "/x" }, { Destination: "/y" }] },
  Labels: { b: "2", a: "1" },
  None: null,
};

test.each([
  ["{{.Name}} {{.Enabled}}", "vieux/sshfs:latest true"],
  ["{{.Settings.Env}}", "[A=1 B=2]"],
  ["{{.Labels}}", "map[a:1 b:2]"],
  ["{{.None}}", "<no value>"],
  ["{{json .Settings.Env}}", '["A=1","B=2"]'],
  ['{{json "<&>"}}', '"\\u003c\\u0026\\u003e"'],
  ["{{range .Settings.Mounts}}{{.Destination}};{{end}}", "/x;/y;"],
  ["{{range $i, $m := .Settings.Mounts}}{{$i}}={{$m.Destination}} {{end}}", "0=/x 1=/y "],
  ["{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}", "a1b2"],
  ["{{range .None}}x{{else}}empty{{end}}", "empty"],
  ["{{if .Enabled}}on{{else}}off{{end}}", "on"],
  ['{{if eq .Name "x"}}1{{else if .Enabled}}2{{else}}3{{end}}', "2"],
  ["{{with .Labels}}{{.a}}{{end}}", "1"],
  ["{{$n := .Name}}{{with .Labels}}{{$n}}{{$.Enabled}}{{end}}", "vieux/sshfs:latesttrue"],
  ['{{len .Settings.Env}} {{index .Settings.Env 1}} {{index .Labels "a"}}', "2 B=2 1"],
  ['{{join .Settings.Env ","}} {{upper .Name | lower}}', "A=1,B=2 vieux/sshfs:latest"],
  ["{{(index .Settings.Mounts 0).Destination}}", "/x"],
  ['{{printf "%-4s|%4d|%q" "a" 7 "b"}}', 'a   |   7|"b"'],
  ["a {{- /* nothing */ -}} b", "ab"],
  ["{{println .Enabled 1}}", "true 1\n"],
  ['{{not .None}} {{and .Enabled .Name}} {{or .None "x"}}', "true vieux/sshfs:latest x"],
  ["{{slice}}".replace("slice", "`raw \\n`"), "raw \\n"],
])("%s gives %j", (template, expected) => {
  expect(render(template, plugin)).toBe(expected);
});

test.each([
  ["{{.Name", "template: :1: unclosed action"],
  ["{{if .Name}}x", "template: :1: unexpected EOF"],
  ["{{nope .Name}}", 'template: :1: function "nope" not defined'],
  ["{{}}", "template: :1: missing value for command"],
  ["x{{end}}", "template: :1: unexpected {{end}}"],
  ["{{.Foo}}", 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
  ["{{$x}}", 'template: :1: undefined variable "$x"'],
])("%s is refused: %s", (template, message) => {
  expect(() => render(template, plugin)).toThrow(message);
});

test("prototype properties are no fields", () => {
  expect(() => render("{{.constructor}}", {})).toThrow('map has no entry for key "constructor"');
});

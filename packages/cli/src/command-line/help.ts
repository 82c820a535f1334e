import { longName } from "./long-name.ts";
import { programName } from "./usage-failure.ts";
import type { Grammar } from "./verb.ts";

const widthLimit = 80;

const hasNoun = (name: string): boolean => name.includes(" ");

/** What `--help` prints for one command. */
export function helpText(grammar: Grammar): string {
  const parts = [
    `Usage:  ${programName} ${grammar.calledAs ?? grammar.name} ${grammar.usage}`.trimEnd(),
    "",
    grammar.summary,
    "",
  ];
  if (grammar.aliases !== undefined) {
    // Those with their noun come first.
    const names = [grammar.name, ...grammar.aliases];
    const all = [...names.filter(hasNoun), ...names.filter((name) => !hasNoun(name))].map(
      (name) => `${programName} ${name}`,
    );
    parts.push("Aliases:", `  ${all.join(", ")}`, "");
  }
  const flags = Object.entries(grammar.flags)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (longName(a) < longName(b) ? -1 : 1));
  if (flags.length > 0) {
    const rows = flags.map(([key, flag]) => {
      const short = flag.short === undefined ? "    " : `-${flag.short}, `;
      const type = flag.type === undefined ? "" : ` ${flag.type}`;
      return {
        left: `  ${short}--${longName(key)}${type}`,
        right: flag.help + (flag.initial ? " (default true)" : ""),
      };
    });
    const indent = Math.max(...rows.map(({ left }) => left.length)) + 3;
    parts.push("Options:");
    for (const { left, right } of rows) {
      const [first = "", ...more] = wrap(right, Math.max(widthLimit - indent, 24));
      parts.push(left.padEnd(indent) + first, ...more.map((line) => " ".repeat(indent) + line));
    }
    parts.push("");
  }
  return parts.join("\n");
}

/** What a list of commands prints for each: name and summary. */
export function commandRows(rows: readonly (readonly [name: string, summary: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 3;
  return rows.map(([name, summary]) => `  ${name.padEnd(width)}${summary}\n`).join("");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

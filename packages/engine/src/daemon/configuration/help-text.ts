import { type Option, optionGroups, options } from "./options.ts";

/** What `davitd --help` prints: a block per group, wrapped for a terminal of 100 columns. */
export function helpText(): string {
  const blocks = optionGroups.map((group) => {
    const members = Object.values<Option>(options).filter((option) => option.group === group);
    return `\n${group}:\n${members.map(lineOf).join("")}`;
  });
  return `Usage:  davitd [OPTIONS]

A managed plugin engine for containers that speaks the Docker Engine API.
${blocks.join("")}
Other:
${entry("      --help", "print this")}${entry("      --validate", "check flags and file, and exit")}${entry("  -v, --version", "print the version")}
Flags of dockerd that mean nothing here are taken with a warning.
`;
}

/** How a flag and its value are written. */
export function flagText({ flag, short, kind }: Option): string {
  const value = {
    flag: "",
    text: " STRING",
    list: " LIST",
    map: " KEY=VALUE",
    number: " SECONDS",
    pools: " POOL",
  }[kind];
  return `${short === undefined ? "    " : `-${short}, `}--${flag}${value}`;
}

/** A default as a person writes it; empty for none. */
export function fallbackText({ fallback }: Pick<Option, "fallback">): string {
  if (Array.isArray(fallback)) return fallback.join(", ");
  if (typeof fallback === "object") return "";
  return fallback === false ? "" : String(fallback);
}

function lineOf(option: Option): string {
  const fallback = fallbackText(option);
  return entry(`  ${flagText(option)}`, fallback === "" ? option.doc : `${option.doc} (default ${fallback})`);
}

const left = 38;
const width = 100;

function entry(flag: string, doc: string): string {
  const lines = [""];
  for (const word of doc.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && left + line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return `${flag.padEnd(left)}${lines.join(`\n${" ".repeat(left)}`)}\n`;
}

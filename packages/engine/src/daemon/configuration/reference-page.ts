import { foreignKeys, foreignOptions } from "./foreign-options.ts";
import { fallbackText, flagText } from "./help-text.ts";
import { type Option, optionGroups, options } from "./options.ts";

const introduction = `# The daemon's settings

\`davitd\` reads flags and a \`daemon.json\` (\`/etc/davit/daemon.json\`, or what \`--config-file\` names). A setting may be given in
one of the two only. Flags that can be repeated are lists in the file. \`davitd --validate\` checks both and exits.
How it is run, watched and upgraded stands in [operations.md](operations.md). The tables are made from the daemon's own.

On SIGHUP the file is read again. Keys with a *yes* take effect at once; the daemon says in its log which of the others
have changed and wait for its next start. A file that is wrong changes nothing.
`;

/** The page of all settings, from their table. */
export function referencePage(): string {
  return [introduction, ...optionGroups.map(section), foreign()].join("\n");
}

function section(group: string): string {
  const rows = Object.values<Option>(options)
    .filter((option) => option.group === group)
    .map((option) => {
      const fallback = fallbackText(option);
      const cells = [
        `\`${flagText(option).trim()}\``,
        `\`${option.key}\``,
        fallback === "" ? "" : `\`${fallback}\``,
        option.reloads === true ? "yes" : "",
        option.doc,
      ];
      return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
    });
  return `## ${group}\n\n| flag | key | default | SIGHUP | |\n| --- | --- | --- | --- | --- |\n${rows.join("")}`;
}

function foreign(): string {
  const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(", ");
  const ignored = foreignOptions.filter(({ refusal }) => refusal === undefined);
  const keys = [...foreignKeys.values()].filter(
    ({ flag, key, refusal }) => flag !== key && refusal === undefined,
  );
  const refused = foreignOptions.flatMap(({ flag, refusal }) =>
    refusal === undefined ? [] : [`| \`--${flag}\` | ${refusal.reason} |\n`],
  );
  return `## Settings of dockerd that mean nothing here

They are taken as dockerd writes them, with a warning each: ${names(ignored.map(({ flag }) => `--${flag}`).sort())};
in the file also ${names(keys.map(({ key }) => key).sort())}. Any other key is refused.

Ignoring these would take away a protection that was asked for, so they are refused, unless their value asks for none:

| flag | why |
| --- | --- |
${refused.join("")}`;
}

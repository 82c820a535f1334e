/** One line of comma-separated fields; a field in double quotes may hold commas, `""` is a quote. */
export function splitCsv(line: string): string[] {
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(,|$)/.exec(rest);
    if (quoted === null && rest.startsWith('"'))
      throw new Error('parse error on line 1: extraneous or missing " in quoted-field');
    const plain = /^([^,]*)(,|$)/.exec(rest);
    const match = quoted ?? plain;
    if (match === null) return fields;
    const [whole, field = "", end] = match;
    if (quoted === null && field.includes('"'))
      throw new Error('parse error on line 1: bare " in non-quoted-field');
    fields.push(quoted === null ? field : field.replaceAll('""', '"'));
    if (end === "") return fields;
    rest = rest.slice(whole.length);
  }
}

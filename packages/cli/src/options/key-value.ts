/** `K=V` each; without a `=` the value is empty. */
export function keyValues(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      return equals === -1 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** A label: its name must not be empty. */
export function checkLabel(text: string): string {
  if (text.split("=")[0]?.trim() === "") throw new Error(`invalid label '${text}': empty name`);
  return text;
}

/** `K=V` stays, `K` takes this process's value if there is one. */
export function environmentEntry(text: string, env: Readonly<Record<string, string | undefined>>): string {
  if (text.split("=")[0] === "") throw new Error(`invalid environment variable: ${text}`);
  const own = text.includes("=") ? undefined : env[text];
  return own === undefined ? text : `${text}=${own}`;
}

/** The lines of an environment or label file: comments and blank lines dropped. */
export function parseKeyValueFile(
  content: string,
  file: string,
  lookUp: ((name: string) => string | undefined) | undefined,
): string[] {
  const entries: string[] = [];
  for (const raw of content.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const name = line.split("=")[0] ?? "";
    if (name === "") throw new Error(`invalid env file (${file}): no variable name on line '${line}'`);
    if (/\s/.test(name))
      throw new Error(`invalid env file (${file}): variable '${name}' contains whitespaces`);
    if (line.includes("=") || lookUp === undefined) {
      entries.push(line);
      continue;
    }
    const value = lookUp(name);
    if (value !== undefined) entries.push(`${name}=${value}`);
  }
  return entries;
}

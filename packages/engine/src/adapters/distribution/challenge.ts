// https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1

/** One way in which a server wants a request authenticated; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const schemePattern = new RegExp(`\\s*(${token})(?=\\s|,|$)`, "y");
const parameterPattern = new RegExp(`\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]*))`, "y");
const separatorPattern = /[\s,]*/y;

/** The challenges of all `WWW-Authenticate` headers; what cannot be read ends the header it stands in. */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const values = header === undefined ? [] : typeof header === "string" ? [header] : header;
  return values.flatMap(parseHeader);
}

function parseHeader(text: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    position = pattern.lastIndex;
    return match;
  };
  for (take(separatorPattern); position < text.length; take(separatorPattern)) {
    const parameter = take(parameterPattern);
    const current = challenges.at(-1);
    if (parameter !== undefined && current !== undefined) {
      const name = parameter[1]?.toLowerCase() ?? "";
      current.parameters[name] = parameter[2]?.replace(/\\(.)/g, "$1") ?? parameter[3] ?? "";
      continue;
    }
    const scheme = parameter === undefined ? take(schemePattern)?.[1] : undefined;
    if (scheme === undefined) break;
    challenges.push({ scheme: scheme.toLowerCase(), parameters: Object.create(null) });
  }
  return challenges;
}

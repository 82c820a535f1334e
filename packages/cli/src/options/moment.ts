import { Failure, messageOf } from "../failure.ts";

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** `1h30m` in seconds; undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (durationUnits[unit] ?? 0);
  }
  return text.startsWith("-") ? -seconds : seconds;
}

/** The `since` and `until` of a query; what is not given is left out. */
export function momentQuery(given: {
  readonly since: string;
  readonly until: string;
}): Partial<Record<"since" | "until", string>> {
  const query: Partial<Record<"since" | "until", string>> = {};
  for (const name of ["since", "until"] as const) {
    if (given[name] === "") continue;
    try {
      query[name] = parseMoment(given[name], Date.now());
    } catch (error) {
      throw new Failure(`invalid value for "${name}": ${messageOf(error)}`, { cause: error });
    }
  }
  return query;
}

/** A point in time as the API takes it, in seconds: a duration before now, RFC 3339 or a Unix time. */
export function parseMoment(text: string, nowMs: number): string {
  const duration = parseDuration(text);
  if (duration !== undefined) return (nowMs / 1000 - duration).toFixed(9);
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  // Without a zone the user means local time; a bare date is UTC to Date, so a time is added.
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text);
  if (Number.isNaN(date.getTime())) throw new Error(`failed to parse value as time or duration: "${text}"`);
  return (date.getTime() / 1000).toFixed(9);
}

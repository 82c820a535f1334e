import { parsePattern } from "./log-config.ts";
import { type LogSubject, renderTag } from "./log-tag.ts";

/** The labels, variables and the tag that go with each line, as the options ask; by name in order, as Go writes maps. */
export function logAttributes(subject: LogSubject): Readonly<Record<string, string>> {
  const { config, labels } = subject;
  const variables = Object.fromEntries(
    subject.env
      .filter((variable) => variable.includes("="))
      .map((variable) => [
        variable.slice(0, variable.indexOf("=")),
        variable.slice(variable.indexOf("=") + 1),
      ]),
  );
  const attributes: Record<string, string> = {
    ...pick(labels, config["labels"], config["labels-regex"]),
    ...pick(variables, config["env"], config["env-regex"]),
  };
  const tag = config["tag"] ?? "";
  if (tag !== "") attributes["tag"] = renderTag(tag, subject);
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pick(
  values: Readonly<Record<string, string>>,
  names: string | undefined,
  pattern: string | undefined,
): Readonly<Record<string, string>> {
  const listed = new Set((names ?? "").split(","));
  const matching = pattern === undefined || pattern === "" ? undefined : parsePattern(pattern);
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => listed.has(name) || matching?.test(name) === true),
  );
}

/** As `logs --details` shows them before each line. */
export function detailsText(attributes: Readonly<Record<string, string>>): string {
  const escape = (text: string): string =>
    encodeURIComponent(text)
      .replaceAll("%20", "+")
      .replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return Object.entries(attributes)
    .map(([name, value]) => `${escape(name)}=${escape(value)}`)
    .sort()
    .join(",");
}

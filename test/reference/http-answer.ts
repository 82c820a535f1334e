import type { ApiAnswer } from "@davit/testkit";

/** What is compared of an answer. */
export interface ComparedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Headers that clients read, and those whose mere presence counts. */
const readHeaders = [
  "cache-control",
  "content-type",
  "docker-experimental",
  "docker-plugin-name",
  "location",
  "ostype",
  "pragma",
];
const presentHeaders = ["api-version", "server", "x-docker-container-path-stat"];

/** The first minute of a container. */
const running = /^Up (?:Less than a second|\d+ seconds?)/;

/** Members whose text is for people: it is compared, not only its type. */
const toldMembers = new Set([
  "message",
  "error",
  "status",
  "Err",
  "Status",
  "Scope",
  "Driver",
  "Name",
  "stream",
]);

/** Blanks an answer to what must be the same in two runs. */
export function comparedAnswer(
  { status, headers, body }: ApiAnswer,
  blank: (text: string) => string,
): ComparedAnswer {
  const kept: Record<string, string> = {};
  for (const name of readHeaders) {
    const value = headers[name];
    if (typeof value === "string") kept[name] = blank(value);
  }
  for (const name of presentHeaders) if (headers[name] !== undefined) kept[name] = "present";
  return { status, headers: kept, body: comparedBody(headers["content-type"], body, blank) };
}

function comparedBody(type: unknown, body: string, blank: (text: string) => string): unknown {
  if (type === "application/x-tar" || type === "application/octet-stream") return "bytes";
  if (type !== "application/json") return blank(body);
  const values = body.split(/\r?\n/).filter((line) => line !== "");
  try {
    const shapes = values.map((line) => shapeOf(JSON.parse(line), blank));
    // Of progress, what is told once; how often the rest is told, and in which order, is a matter of speed.
    return shapes.length > 1 ? distinct(shapes.filter((shape) => !isProgress(shape))) : (shapes[0] ?? "");
  } catch {
    return blank(body);
  }
}

const isProgress = (shape: unknown): boolean =>
  typeof shape === "object" && shape !== null && "id" in shape && !("errorDetail" in shape);

/** Members and types of a JSON value; of a list its distinct elements. */
function shapeOf(value: unknown, blank: (text: string) => string): unknown {
  if (value === null) return null;
  if (Array.isArray(value)) return distinct(value.map((element) => shapeOf(element, blank)));
  if (typeof value !== "object") return typeof value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]): [string, unknown] => [
    blank(name),
    typeof member === "string" && toldMembers.has(name)
      ? blank(member).replace(running, "Up a while")
      : shapeOf(member, blank),
  ]);
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function distinct(shapes: readonly unknown[]): readonly unknown[] {
  const byText = new Map(shapes.map((shape) => [JSON.stringify(shape), shape]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, shape]) => shape);
}

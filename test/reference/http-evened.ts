import { isDeepStrictEqual } from "node:util";
import type { ComparedAnswer } from "./http-answer.ts";

/** What both engines may say of the same, with the heading that tells why. Docker's text may give its words to Davit's. */
export const evenedTexts: readonly { readonly docker: RegExp; readonly davit: RegExp; readonly differs: string }[] = [
  { docker: /^Invalid filter/, davit: /^invalid filter '/, differs: "messages-of-28" },
  {
    docker: /^(.*)invalid reference format: repository name must be lowercase$/,
    davit: /^$1invalid reference format: repository name \(.*\) must be lowercase$/,
    differs: "messages-of-28",
  },
  {
    docker: /^Content-Type specified \((.*)\) must be 'application\/json'$/,
    davit: /^unsupported Content-Type header \($1\): must be 'application\/json'$/,
    differs: "messages-of-28",
  },
  {
    docker: /^(?:failed to parse privileges: |invalid JSON: )?(?:got )?(?:EOF|unexpected EOF|invalid character .*|json: .*)(?: while reading request body)?$/,
    davit: /^invalid JSON: /,
    differs: "json-errors-in-own-words",
  },
  {
    docker: /^(?:invalid character .*|json: .*|unexpected end of JSON input)$/,
    davit: /^invalid filter$/,
    differs: "messages-of-28",
  },
  { docker: /^failed to parse config: json: /, davit: /^failed to parse config: /, differs: "json-errors-in-own-words" },
];

/** Members that only one engine has, or that name its own parts. */
export const evenedMembers: readonly { readonly path: RegExp; readonly differs: string }[] = [
  { path: /\.Config\.DockerVersion$/, differs: "no-dockerversion" },
  { path: /\.memory_stats\.stats\.\w+$/, differs: "stats-as-the-kernel-tells" },
];

/** Whatever has a heading of its own besides texts and members. */
export const evenedByRule = {
  status: "bad-input-is-400",
  empty: "lists-never-null",
  headers: "every-answer-tells-versions",
} as const;

const refusals: ReadonlySet<number> = new Set([400, 404, 409]);
const common = ["api-version", "docker-experimental", "ostype", "server"];

/** Docker's answer with whatever Davit's may differ in, for documented reasons, taken from Davit's. */
export function evenedAnswer(davit: ComparedAnswer, docker: ComparedAnswer): ComparedAnswer {
  const status = docker.status === 500 && refusals.has(davit.status) ? davit.status : docker.status;
  const headers = { ...docker.headers };
  for (const name of common) {
    const told = davit.headers[name];
    if (told !== undefined) headers[name] ??= told;
  }
  return { status, headers, body: evened(davit.body, docker.body, "") };
}

function evened(davit: unknown, docker: unknown, path: string): unknown {
  if (evenedMembers.some((rule) => rule.path.test(path))) return davit;
  if (docker === null && isEmpty(davit)) return davit;
  if (typeof davit === "string" && typeof docker === "string") return evenedText(davit, docker);
  if (Array.isArray(davit) && Array.isArray(docker)) return evenedList(davit, docker, path);
  if (!isRecord(davit) || !isRecord(docker)) return docker;
  const members: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(davit), ...Object.keys(docker)])) {
    const member = evenedMember(davit, docker, { name, path: `${path}.${name}` });
    if (member !== undefined) members[name] = member;
  }
  return members;
}

function evenedMember(
  davit: Readonly<Record<string, unknown>>,
  docker: Readonly<Record<string, unknown>>,
  { name, path }: { readonly name: string; readonly path: string },
): unknown {
  // One more member that says nothing does no harm.
  if (!(name in docker)) return isEmpty(davit[name]) || evenedMembers.some((rule) => rule.path.test(path)) ? davit[name] : undefined;
  return evened(davit[name], docker[name], path);
}

const evenedList = (davit: readonly unknown[], docker: readonly unknown[], path: string): readonly unknown[] => {
  if (davit.length !== docker.length) return docker;
  return docker.map((element, index) => evened(davit[index], element, `${path}[]`));
};

function evenedText(davit: string, docker: string): string {
  if (davit === docker) return docker;
  const may = evenedTexts.some((rule) => {
    const found = rule.docker.exec(docker);
    if (found === null) return false;
    const wanted = rule.davit.source.replaceAll(/\$(\d)/g, (_, index: string) => RegExp.escape(found[Number(index)] ?? ""));
    return new RegExp(wanted).test(davit);
  });
  return may ? davit : docker;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown): boolean =>
  value === null || value === "" || isDeepStrictEqual(value, []) || isDeepStrictEqual(value, {});

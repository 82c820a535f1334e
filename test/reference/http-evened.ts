import { isDeepStrictEqual } from "node:util";
import type { ComparedAnswer } from "./http-answer.ts";

interface EvenedText {
  readonly docker: RegExp;
  /** `$1` is what the first group of the other expression found. */
  readonly davit: string;
  readonly differs: string;
}

/** Messages that are different words for the same, with the heading that tells why. */
const texts: readonly EvenedText[] = [
  { docker: /^Invalid filter '(.*)'$/, davit: "invalid filter '$1'", differs: "messages-of-28" },
  {
    docker: /^(?:no such image: .*: )?(.*)invalid reference format: repository name must be lowercase$/,
    davit: "$1invalid reference format: repository name \\(.*\\) must be lowercase",
    differs: "messages-of-28",
  },
  { docker: /^no such image: .*: (No such image: .*)$/, davit: "$1", differs: "messages-of-28" },
  {
    docker: /^Content-Type specified \((.*)\) must be 'application\/json'$/,
    davit: "unsupported Content-Type header \\($1\\): must be 'application/json'",
    differs: "messages-of-28",
  },
  {
    docker: /^(?:.*: )?(?:invalid character .*|json: .*|unexpected end of JSON input)$/,
    davit: "invalid filter",
    differs: "messages-of-28",
  },
  {
    docker: /^invalid restart policy|^maximum retry count cannot be used/,
    davit: "invalid restart policy: .*",
    differs: "messages-of-28",
  },
  {
    docker: /^bad parameter: pathcannot be empty$/,
    davit: "bad parameter: path cannot be empty",
    differs: "messages-of-28",
  },
  { docker: /^page not found$/, davit: "page not found: [A-Z]+ /.*", differs: "unknown-endpoints-named" },
  {
    docker: /^client version (\S+) is too new\./,
    davit: "client version $1 is too new\\..*",
    differs: "versions-of-28",
  },
  {
    docker:
      /^(?:failed to parse privileges: |invalid JSON: )?(?:got )?(?:EOF|unexpected EOF|invalid character .*|json: .*)(?: while reading request body)?$/,
    davit: "invalid JSON: .*",
    differs: "json-errors-in-own-words",
  },
  {
    docker: /^failed to parse config: json: /,
    davit: "failed to parse config: .*",
    differs: "json-errors-in-own-words",
  },
  {
    docker: /^failed to create shim task: (.*): unknown$/,
    davit: "$1",
    differs: "runtime-errors-unwrapped",
  },
];

/** Members that only one engine tells, or that tell what it is made of. */
const members: readonly { readonly path: RegExp; readonly differs: string }[] = [
  { path: /\.Config\.DockerVersion$/, differs: "no-dockerversion" },
  { path: /\.memory_stats\.stats\.\w+$/, differs: "stats-as-the-kernel-tells" },
  {
    path: /\.(Components|Platform\.Name|Runtimes|ClusterStore|ClusterAdvertise)$/,
    differs: "own-components",
  },
  { path: /^\[\]\.IPAM\.Config\[\]\.Gateway$/, differs: "bridge-gateway-told" },
  { path: /\.GraphDriver\.Data$/, differs: "own-components" },
  {
    path: /\.HostConfig\.(KernelMemory|KernelMemoryTCP|RestartPolicy\.Name)$/,
    differs: "containers-described-as-by-28",
  },
];

/** What is evened by rules that have no table. */
const rules = {
  status: "bad-input-is-400",
  empty: "lists-never-null",
  headers: "every-answer-tells-versions",
  contentType: "messages-of-28",
} as const;

/** Every heading that an evened difference stands for. */
export const evenedHeadings: readonly string[] = [
  ...texts.map(({ differs }) => differs),
  ...members.map(({ differs }) => differs),
  ...Object.values(rules),
];

const refusals: ReadonlySet<number> = new Set([400, 404, 409]);
const common = ["api-version", "docker-experimental", "ostype", "server"];

/** Docker's answer with all that Davit's may differ in, for documented reasons, taken from Davit's. */
export function evenedAnswer(davit: ComparedAnswer, docker: ComparedAnswer): ComparedAnswer {
  const status = docker.status === 500 && refusals.has(davit.status) ? davit.status : docker.status;
  const headers = { ...docker.headers };
  for (const name of common) {
    const told = davit.headers[name];
    if (told !== undefined) headers[name] ??= told;
  }
  // dockerd 20.10 says nothing of the type of logs, and names the plugin in refusals too.
  if (davit.headers["content-type"] === "application/vnd.docker.raw-stream") {
    headers["content-type"] ??= "application/vnd.docker.raw-stream";
  }
  if (status >= 400) delete headers["docker-plugin-name"];
  return { status, headers, body: evened(davit.body, docker.body, "") };
}

function evened(davit: unknown, docker: unknown, path: string): unknown {
  if (isEvened(path) || (isEmpty(docker) && isEmpty(davit))) return davit;
  if (typeof davit === "string" && typeof docker === "string") return evenedText(davit, docker);
  if (Array.isArray(davit) && Array.isArray(docker)) {
    if (davit.length !== docker.length) return docker;
    return docker.map((element, index) => evened(davit[index], element, `${path}[]`));
  }
  if (!isRecord(davit) || !isRecord(docker)) return docker;
  const same: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(davit), ...Object.keys(docker)])) {
    const below = `${path}.${name}`;
    if (name in docker && !(isEvened(below) && !(name in davit)))
      same.push([name, evened(davit[name], docker[name], below)]);
    // One more member that says nothing does no harm.
    else if (name in davit && (isEvened(below) || isEmpty(davit[name]))) same.push([name, davit[name]]);
  }
  return Object.fromEntries(same);
}

function evenedText(davit: string, docker: string): string {
  const may = texts.some((text) => {
    const found = text.docker.exec(docker);
    if (found === null) return false;
    const wanted = text.davit.replace("$1", () => RegExp.escape(found[1] ?? ""));
    return new RegExp(`^${wanted}$`).test(davit);
  });
  return may ? davit : docker;
}

const isEvened = (path: string): boolean => members.some((member) => member.path.test(path));

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown): boolean =>
  value === null || isDeepStrictEqual(value, []) || isDeepStrictEqual(value, {});

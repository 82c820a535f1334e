import type { ApiAnswer, PluginAnswer } from "@davit/testkit";

/** One thing that is asked of both engines, while the plugin in front of them answers as told. */
export interface GuardedStep {
  readonly title: string;
  /** As in a request line. */
  readonly ask?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** Sent as bytes, line ends made those of HTTP, in place of a request. */
  readonly raw?: string;
  /** Typed at the docker CLI, in place of a request. */
  readonly docker?: readonly string[];
  readonly answers?: Readonly<Record<string, PluginAnswer>>;
  /** The heading in `docs/differences.md` that tells why the engines differ here. */
  readonly differs?: string;
}

export type AskedAnswer = Pick<ApiAnswer, "status" | "body">;

const json = { "Content-Type": "application/json" };
const request = (answer: unknown) => ({ answers: { "AuthZPlugin.AuthZReq": () => answer } });
const response = (answer: unknown) => ({ answers: { "AuthZPlugin.AuthZRes": () => answer } });
const events = "GET /v1.41/events?since=1&until=2";
const upgrade =
  "POST /v1.41/containers/nosuch/attach?stream=1 HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: tcp\n\n";

const asked: readonly GuardedStep[] = [
  { title: "an answer in JSON", ask: "GET /v1.41/version?x=1" },
  { title: "no version", ask: "GET /volumes" },
  { title: "a body", ask: "POST /v1.41/volumes/create", text: '{"Name":"one"}', headers: json },
  {
    title: "a body of a type with a parameter",
    ask: "POST /v1.41/volumes/create",
    text: '{"Name":"two"}',
    headers: { "Content-Type": "application/json; charset=utf-8" },
  },
  {
    title: "a body in chunks",
    raw: 'POST /v1.41/volumes/create HTTP/1.1\nHost: x\nConnection: close\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n10\n{"Name":"three"}\n0\n\n',
  },
  { title: "no answer's body", ask: "DELETE /v1.41/volumes/three" },
  { title: "OPTIONS", ask: "OPTIONS /v1.41/version" },
  {
    title: "headers twice, and credentials",
    raw: "OPTIONS /version HTTP/1.1\nHost: x\nX-A: 1\nx-a: 2\nauthorization: s\nX-Registry-Auth: s\nx-registry-config: s\nCookie: k=v\nConnection: close\n\n",
  },
  { title: "an unknown path", ask: "GET /v1.41/nosuch" },
  { title: "a path that is not clean", ask: "GET /v1.41//version" },
  { title: "docker volume ls", docker: ["volume", "ls", "-q"] },
  { title: "docker volume inspect", docker: ["volume", "inspect", "--format", "{{.Name}}", "one"] },
  { title: "an error", ask: "GET /v1.41/volumes/nosuch", differs: "authz-errors-are-answers" },
  {
    title: "a body that is no JSON",
    ask: "POST /v1.41/volumes/create",
    text: "{",
    headers: json,
    differs: "authz-errors-are-answers",
  },
  { title: "a version that is too new", ask: "GET /v1.99/version", differs: "authz-errors-are-answers" },
  { title: "a ping", ask: "GET /_ping", differs: "authz-errors-are-answers" },
  { title: "a ping's head", ask: "HEAD /_ping", differs: "authz-errors-are-answers" },
  { title: "attaching to nothing", raw: upgrade, differs: "authz-errors-are-answers" },
  { title: "a stream", ask: events, differs: "authz-before-the-first-byte" },
  {
    title: "a password",
    ask: "POST /v1.41/auth",
    text: '{"username":"u","password":"p","serveraddress":"127.0.0.1:1"}',
    headers: json,
    differs: "authz-own-certificate-only",
  },
  {
    title: "JSON that is not called so",
    ask: "POST /v1.41/plugins/pull?remote=127.0.0.1:1/x&name=x",
    text: '[{"Name":"network"}]',
    headers: { "Content-Type": "text/plain" },
    differs: "authz-nothing-unseen",
  },
  {
    title: "a body of 5 MiB",
    ask: "POST /v1.41/volumes/create",
    text: `{"Name":"big","Labels":{"a":"${"x".repeat(5 * 1024 * 1024)}"}}`,
    headers: json,
    differs: "authz-whole-bodies",
  },
  {
    title: "a member that is given twice",
    ask: "POST /v1.41/volumes/create",
    text: '{"Name":"four","Name":"five"}',
    headers: json,
    differs: "authz-one-reading",
  },
  {
    title: "a member in another case",
    ask: "POST /v1.41/volumes/create",
    text: '{"name":"six"}',
    headers: json,
    differs: "authz-one-reading",
  },
  {
    title: "a path that is encoded without need",
    ask: "GET /v1.41/%76olumes/one",
    differs: "authz-one-reading",
  },
];

const denied: readonly GuardedStep[] = [
  {
    title: "a request that is denied",
    ask: "GET /v1.41/version",
    ...request({ Allow: false, Msg: "no way" }),
  },
  { title: "one denied without a reason", ask: "GET /v1.41/version", ...request({ Allow: false }) },
  { title: "one denied in other cases", ask: "GET /v1.41/version", ...request({ allow: false, MSG: "no" }) },
  { title: "an answer without members", ask: "GET /v1.41/version", ...request({}) },
  { title: "an answer that is null", ask: "GET /v1.41/version", ...request(null) },
  { title: "an answer of another type", ask: "GET /v1.41/version", ...request({ Allow: "yes" }) },
  { title: "an answer that is a list", ask: "GET /v1.41/version", ...request([]) },
  { title: "an answer that is no JSON", ask: "GET /v1.41/version", ...request("<html>") },
  { title: "an answer that is empty", ask: "GET /v1.41/version", ...request("") },
  { title: "attaching, denied", raw: upgrade, ...request({ Allow: false, Msg: "no way" }) },
  { title: "docker ps, denied", docker: ["ps"], ...request({ Allow: false, Msg: "no way" }) },
  { title: "docker run, denied", docker: ["run", "busybox"], ...request({ Allow: false, Msg: "no way" }) },
  { title: "an unknown path, denied", ask: "GET /v1.41/nosuch", ...request({ Allow: false }) },
  {
    title: "an answer to it that is denied",
    ask: "GET /v1.41/version",
    ...response({ Allow: false, Msg: "no" }),
  },
  { title: "docker ps, denied after", docker: ["ps"], ...response({ Allow: false, Msg: "no way" }) },
  {
    title: "a change that is denied after it was made",
    ask: "POST /v1.41/volumes/create",
    text: '{"Name":"made"}',
    headers: json,
    ...response({ Allow: false, Msg: "too late" }),
  },
  { title: "what was made", ask: "GET /v1.41/volumes/made" },
  {
    title: "an error that is denied",
    ask: "GET /v1.41/volumes/nosuch",
    ...response({ Allow: false, Msg: "no" }),
    differs: "authz-errors-are-answers",
  },
  {
    title: "a stream that is denied",
    ask: events,
    ...response({ Allow: false, Msg: "no" }),
    differs: "authz-before-the-first-byte",
  },
  {
    title: "an error in place of a reason",
    ask: "GET /v1.41/version",
    ...request({ Allow: false, Err: "broken" }),
    differs: "authz-err-is-read",
  },
  {
    title: "allowed with an error",
    ask: "GET /v1.41/version",
    ...request({ Allow: true, Err: "broken" }),
    differs: "authz-err-is-read",
  },
];

/** Each builds on those before. */
export const authorizationScript: readonly GuardedStep[] = [...asked, ...denied];

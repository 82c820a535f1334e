import { ask, type HttpStep } from "./http-step.ts";

const granted = [
  { Name: "capabilities", Description: "list of additional capabilities required", Value: ["CAP_SYS_ADMIN"] },
];

const nothingThere: readonly HttpStep[] = [
  ask("GET /plugins"),
  ask("GET /plugins/"),
  ask("PUT /plugins"),
  ask("POST /plugins"),
  ask("DELETE /plugins"),
  ask("GET /plugins/json"),
  ask("GET /plugins/nosuch/json"),
  ask("GET /plugins/no%2Fsuch/json"),
  ask("GET /plugins/%zz/json", { differs: "bad-paths-told-in-json" }),
  ask("GET /plugins/NoSuch/json"),
  ask("GET /plugins/nosuch"),
  ask("GET //plugins"),
  ask("GET /plugins//nosuch/json"),
  ask("POST /plugins/nosuch/enable"),
  ask("POST /plugins/nosuch/enable?timeout=abc"),
  ask("POST /plugins/nosuch/enable?timeout=0"),
  ask("POST /plugins/nosuch/disable"),
  ask("POST /plugins/nosuch/push"),
  ask("DELETE /plugins/nosuch"),
  ask("DELETE /plugins/nosuch?force=1"),
  ask("POST /plugins/nosuch/set", { json: ["A=1"] }),
  ask("POST /plugins/nosuch/set"),
  ask("POST /plugins/nosuch/upgrade?remote={registry}/acme/v:1", { json: [], differs: "upgrade-by-id" }),
  ask("GET /plugins/privileges"),
  ask("POST /plugins/privileges?remote=x"),
  ask("GET /plugins/privileges?remote=Not%20A%20Reference"),
  ask("POST /plugins/pull?remote=Not%20A%20Reference", { json: [] }),
  ask("POST /plugins/pull"),
  ask("POST /plugins/pull?remote={registry}/acme/v:1", { text: "{" }),
  ask("POST /plugins/pull?remote={registry}/acme/v:1", { json: { a: 1 } }),
  ask("POST /plugins/pull?remote={registry}/acme/v:nosuch", {
    json: [],
    differs: "registry-errors-name-the-last-step",
  }),
  ask("POST /plugins/pull?remote={registry}/acme/v:1&name=Bad%20Name", { json: [] }),
];

const create: readonly HttpStep[] = [
  ask("POST /plugins/create"),
  ask("POST /plugins/create?name=acme/v"),
  ask("POST /plugins/create?name=acme/v", { text: "this is no tar", type: "application/x-tar" }),
  ask("POST /plugins/create?name=Bad%20Name", { archive: "plugin" }),
  ask("POST /plugins/create?name=acme/v", { archive: "without-rootfs" }),
  ask("POST /plugins/create?name=acme/v", { archive: "broken-config" }),
  ask("POST /plugins/create?name=acme/v", { archive: "plugin", type: "text/plain" }),
  ask("POST /plugins/create?name=acme/v:latest", { archive: "plugin" }),
  ask("POST /plugins/create?name={registry}/acme/v:1", { archive: "other-plugin" }),
  ask("GET /plugins"),
  ask("GET /plugins/acme/v/json"),
  ask("GET /plugins/acme%2Fv%3Alatest/json"),
  ask("GET /plugins//acme//v/json"),
  ask("GET /plugins/acme/v/../v/json"),
];

const filters = (value: string): string => `GET /plugins?filters=${encodeURIComponent(value)}`;

const filtered: readonly HttpStep[] = [
  ask(filters('{"capability":{"volumedriver":true}}')),
  ask(filters('{"capability":["networkdriver"]}')),
  ask(filters('{"capability":["vol","net"]}')),
  ask(filters('{"enabled":["false"]}')),
  ask(filters('{"enabled":{"1":true}}'), { differs: "messages-of-28" }),
  ask(filters('{"enabled":{"true":true,"false":true}}'), { differs: "messages-of-28" }),
  ask(filters('{"enabled":["maybe"]}')),
  ask(filters('{"nonsense":["1"]}')),
  ask(filters("{}")),
  ask(filters("not json")),
  ask(filters("[]")),
  ask("GET /plugins?filters="),
];

const life: readonly HttpStep[] = [
  ask("POST /plugins/acme/v/enable"),
  ask("POST /plugins/acme/v/enable?timeout=abc"),
  ask("POST /plugins/acme/v/enable?timeout=-1"),
  ask("GET /plugins/acme/v/enable?timeout=0"),
  ask("POST /plugins/acme/v/disable"),
  ask("POST /plugins/acme/v/set", { json: ["BEHAVIOUR=serve"], type: "text/plain" }),
  ask("POST /plugins/acme/v/set", { json: [] }),
  ask("POST /plugins/acme/v/set", { json: null }),
  ask("POST /plugins/acme/v/set", { text: "[" }),
  ask("POST /plugins/acme/v/set", { json: { A: "1" } }),
  ask("POST /plugins/acme/v/set", { json: ["NOPE=1"] }),
  ask("POST /plugins/acme/v/set", { json: ["ROOT=1"] }),
  ask("POST /plugins/acme/v/set", { json: [""] }),
  ask("POST /plugins/acme/v/enable?timeout=30"),
  ask("POST /plugins/acme/v/enable?timeout=30"),
  ask("GET /plugins/acme/v/json"),
  ask("POST /plugins/acme/v/set", { json: ["BEHAVIOUR=serve"] }),
  ask("DELETE /plugins/acme/v"),
  ask("POST /plugins/acme/v/upgrade?remote={registry}/acme/v:1", { json: granted }),
];

const distribution: readonly HttpStep[] = [
  ask("POST /plugins/{registry}/acme/v:1/push"),
  ask("POST /plugins/{registry}/acme/v:1/push", { headers: { "X-Registry-Auth": "not base64!" } }),
  ask("DELETE /plugins/{registry}/acme/v:1"),
  ask("GET /plugins/privileges?remote={registry}/acme/v:1"),
  ask("GET /plugins/privileges?remote={registry}/acme/v:nosuch", { differs: "privileges-errors-told" }),
  ask("POST /plugins/pull?remote={registry}/acme/v:1&name=acme/w", { json: [] }),
  ask("POST /plugins/pull?remote={registry}/acme/v:1&name=acme/w@sha256:{hex}", { json: granted }),
  ask("POST /plugins/pull?remote={registry}/acme/v:1&name=acme/w", { json: granted, type: "text/plain" }),
  ask("POST /plugins/pull?remote={registry}/acme/v:1&name=acme/w", { json: granted }),
  ask("GET /plugins/acme/w/json"),
  ask("POST /plugins/acme/w/upgrade?remote={registry}/acme/v:1", { json: granted }),
  ask("POST /plugins/acme/w/upgrade?remote={registry}/acme/v:nosuch", {
    json: granted,
    differs: "registry-errors-name-the-last-step",
  }),
  ask("POST /plugins/acme/w/upgrade?remote=Not%20A%20Reference", { json: granted }),
  ask("POST /plugins/acme/w/upgrade"),
];

/** Every route of plugins; one stays enabled for what follows. */
export const pluginSteps: readonly HttpStep[] = [
  ...nothingThere,
  ...create,
  ...filtered,
  ...life,
  ...distribution,
];

/** What is left of them at the end. */
export const pluginEndSteps: readonly HttpStep[] = [
  ask("POST /plugins/acme/v/disable"),
  ask("POST /plugins/acme/v/disable?force=1"),
  ask("DELETE /plugins/acme/v"),
  ask("DELETE /plugins/acme/w?force=true"),
  ask("GET /plugins"),
];

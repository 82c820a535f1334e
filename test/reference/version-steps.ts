import { ask, type HttpStep } from "./http-step.ts";

/** What there is to ask about. */
const made: readonly HttpStep[] = [
  ask("POST /volumes/create", { json: { Name: "one", Labels: { a: "b" } } }),
  ask("POST /networks/create", { json: { Name: "net", Labels: { a: "b" } } }),
  ask("POST /containers/create?name=web", {
    json: {
      Image: "busybox:latest",
      Cmd: ["sleep", "600"],
      Labels: { a: "b" },
      ExposedPorts: { "80/tcp": {} },
      Healthcheck: { Test: ["NONE"] },
      HostConfig: { NetworkMode: "net", Binds: ["one:/data"] },
    },
  }),
  ask("POST /containers/create?name=idle", {
    json: { Image: "busybox:latest", Cmd: ["true"], HostConfig: { NetworkMode: "none" } },
  }),
  ask("POST /containers/web/start"),
  ask("POST /containers/web/exec", { json: { Cmd: ["true"] }, keep: "exec" }),
];

/** Every endpoint that answers GET, but for those that want a registry or have no end. */
const questions: readonly string[] = [
  "/_ping",
  "/version",
  "/info",
  "/events?since=1&until=2",
  "/containers/json",
  "/containers/json?all=1&size=1",
  "/containers/web/json",
  "/containers/web/json?size=1",
  "/containers/idle/json",
  "/containers/web/top",
  "/containers/web/changes",
  "/containers/web/logs?stdout=1",
  "/containers/web/stats?stream=0",
  "/containers/web/archive?path=/etc/passwd",
  "/containers/web/export",
  "/containers/nosuch/json",
  "/exec/{exec}/json",
  "/images/json",
  "/images/json?all=1",
  "/images/busybox/json",
  "/images/busybox/history",
  "/images/busybox/get",
  "/images/nosuch/json",
  "/volumes",
  "/volumes/one",
  "/volumes/nosuch",
  "/networks",
  "/networks/net",
  "/networks/none",
  "/networks/nosuch",
  "/plugins",
  "/plugins/acme/v/json",
  "/plugins/nosuch/json",
  "/swarm",
  "/nodes",
  "/services",
  "/tasks",
  "/secrets",
  "/configs",
  "/nonsense",
];

const asked = (version: string): readonly HttpStep[] =>
  questions.map((path) => ask(`GET ${path}`, { prefix: `/v${version}` }));

/** The versions of dockerd 20.10 in which its answers changed, and some between. */
const sharedVersions = ["1.24", "1.25", "1.30", "1.35", "1.40", "1.41"];

export const versionScript: readonly HttpStep[] = [
  ...made,
  ...sharedVersions.map((version) => ask("GET /system/df", { prefix: `/v${version}` })),
  // Only now, because Davit counts plugins there.
  ask("POST /plugins/create?name=acme/v", { archive: "plugin" }),
  ...sharedVersions.flatMap(asked),
];

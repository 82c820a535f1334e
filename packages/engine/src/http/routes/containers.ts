import type { IncomingHttpHeaders } from "node:http";
import { containerCreateBodySchema } from "@davit/protocol";
import { parseLogTime, parseTail } from "../../core/container/log-time.ts";
import { EngineError } from "../../core/errors.ts";
import { requireOneNetwork } from "../../core/network/container-network.ts";
import type { ContainerServices } from "../../services/containers/container-services.ts";
import type { WaitCondition } from "../../services/containers/exit-waiters.ts";
import { withNetworksOfVersion } from "../network-of-version.ts";
import type { Query } from "../query.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";
import { outputContentType } from "../stream-frame.ts";
import { containerAttachRoutes, framed } from "./container-attach.ts";
import { filterMap } from "./filter-map.ts";

const filterKeys = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
] as const;

export const containerRoutes = (services: ContainerServices): readonly Route[] => [
  ...recordRoutes(services),
  ...lifecycleRoutes(services),
  ...outputRoutes(services),
  ...containerAttachRoutes(services),
];

const pruneFilterKeys = ["label", "label!", "until"] as const;

const recordRoutes = ({ containers, lifecycle, links, prune }: ContainerServices): readonly Route[] => [
  {
    method: "POST",
    path: "/containers/create",
    handle: async ({ body, query, version, signal }) => {
      const wanted = await body.json(containerCreateBodySchema);
      if (!version.atLeast(1, 44)) requireOneNetwork(wanted);
      const { id, warnings } = await containers.create(
        wanted,
        {
          name: query.text("name"),
          platform: version.atLeast(1, 41) ? query.text("platform") : "",
        },
        signal,
      );
      return reply.json({ Id: id, Warnings: warnings }, 201);
    },
  },
  {
    method: "GET",
    path: "/containers/json",
    handle: async ({ query, version }) => {
      const selection = {
        all: query.flag("all"),
        limit: Math.max(0, query.optionalInt("limit") ?? 0),
        filters: filterMap(query.filters(filterKeys), filterKeys),
      };
      const listed = await containers.list(selection, { size: query.flag("size") });
      return reply.json(listed.map((container) => withNetworksOfVersion(container, version)));
    },
  },
  {
    method: "POST",
    path: "/containers/prune",
    handle: async ({ query }) =>
      reply.json(await prune(filterMap(query.filters(pruneFilterKeys), pruneFilterKeys))),
  },
  {
    method: "GET",
    path: "/containers/{id:.*}/json",
    handle: async ({ param, query, version }) =>
      reply.json(
        withNetworksOfVersion(await containers.inspect(param("id"), { size: query.flag("size") }), version),
      ),
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/rename",
    handle: async ({ param, query }) => {
      await lifecycle.rename(param("id"), query.text("name"));
      return reply.empty(204);
    },
  },
  {
    method: "DELETE",
    path: "/containers/{id:.*}",
    handle: async ({ param, query }) => {
      if (query.flag("link")) {
        await links.remove(param("id"));
        return reply.empty(204);
      }
      await lifecycle.remove(param("id"), {
        force: query.flag("force"),
        removeAnonymous: query.flag("v"),
      });
      return reply.empty(204);
    },
  },
];

const lifecycleRoutes = ({ lifecycle }: ContainerServices): readonly Route[] => [
  {
    method: "POST",
    path: "/containers/{id:.*}/start",
    // Goes on when the client is gone: nobody wants it half started.
    handle: async ({ param, headers }) => {
      refuseHostConfig(headers);
      return reply.empty((await lifecycle.start(param("id"))) === "started" ? 204 : 304);
    },
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/stop",
    handle: async ({ param, query, signal }) =>
      reply.empty((await lifecycle.stop(param("id"), stopOptions(query, signal))) === "stopped" ? 204 : 304),
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/restart",
    handle: async ({ param, query, signal }) => {
      await lifecycle.restart(param("id"), stopOptions(query, signal));
      return reply.empty(204);
    },
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/kill",
    handle: async ({ param, query }) => {
      await lifecycle.kill(param("id"), query.text("signal"));
      return reply.empty(204);
    },
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/resize",
    handle: async ({ param, query }) => {
      await lifecycle.resize(param("id"), { rows: query.int("h"), columns: query.int("w") });
      return reply.empty(200);
    },
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/wait",
    handle: async ({ param, query, signal }) => {
      // Waits from here on, not from when the headers are out: clients start the container as soon as they see them.
      const exitCode = lifecycle.wait(param("id"), waitCondition(query.text("condition")), signal);
      exitCode.catch(() => undefined);
      return reply.lateJson(async () => ({ StatusCode: await exitCode, Error: null }));
    },
  },
];

/** Until 1.23 the host's part of the configuration came with the start; some clients still send an empty object. */
function refuseHostConfig(headers: IncomingHttpHeaders): void {
  const isChunked = headers["transfer-encoding"] !== undefined;
  if (!isChunked && Number(headers["content-length"] ?? 0) <= 7) return;
  throw new EngineError(
    "invalid",
    "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
  );
}

const stopOptions = (query: Query, canceled: AbortSignal) => ({
  signal: query.text("signal"),
  timeoutSeconds: query.optionalInt("t"),
  canceled,
});

function waitCondition(text: string): WaitCondition {
  switch (text) {
    case "":
    case "not-running":
      return "not-running";
    case "next-exit":
    case "removed":
      return text;
    default:
      throw new EngineError("invalid", `invalid condition: "${text}"`);
  }
}

const outputRoutes = ({ output }: ContainerServices): readonly Route[] => [
  {
    method: "GET",
    path: "/containers/{id:.*}/logs",
    handle: async ({ param, query, version, signal }) => {
      const logs = await output.logs(
        param("id"),
        {
          ...streams(query),
          follow: query.flag("follow"),
          timestamps: query.flag("timestamps"),
          details: query.flag("details"),
          tail: parseTail(query.text("tail")),
          since: parseLogTime("since", query.text("since")),
          until: parseLogTime("until", query.text("until")),
        },
        signal,
      );
      return reply.bytes(framed(logs), { "Content-Type": outputContentType(version, logs) });
    },
  },
];

const streams = (query: Query) => ({ stdout: query.flag("stdout"), stderr: query.flag("stderr") });

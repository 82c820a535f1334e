import { hostConfigSchema } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { ContainerServices } from "../../services/containers/container-services.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

/** What runs in containers, and holding it. */
export const containerProcessRoutes = ({ control, stats, updater }: ContainerServices): readonly Route[] => [
  {
    method: "POST",
    path: "/containers/{id:.*}/pause",
    handle: async ({ param }) => {
      await control.pause(param("id"));
      return reply.empty(204);
    },
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/unpause",
    handle: async ({ param }) => {
      await control.unpause(param("id"));
      return reply.empty(204);
    },
  },
  {
    method: "POST",
    path: "/containers/{id:.*}/update",
    handle: async ({ param, body }) => {
      const warnings = await updater.update(param("id"), await body.json(hostConfigSchema));
      return reply.json({ Warnings: warnings.length === 0 ? null : warnings });
    },
  },
  {
    method: "GET",
    path: "/containers/{id:.*}/top",
    handle: async ({ param, query }) => {
      const { titles, processes } = await control.top(param("id"), query.text("ps_args"));
      return reply.json({ Titles: titles, Processes: processes });
    },
  },
  {
    method: "GET",
    path: "/containers/{id:.*}/changes",
    handle: async ({ param }) => reply.json(await control.changes(param("id"))),
  },
  {
    method: "GET",
    path: "/containers/{id:.*}/stats",
    handle: async ({ param, query, signal }) => {
      const stream = query.flag("stream", true);
      const oneShot = query.flag("one-shot");
      if (stream && oneShot) {
        throw new EngineError("invalid", "cannot have stream=true and one-shot=true");
      }
      return reply.jsonLines(stats.read(param("id"), { stream, oneShot }, signal));
    },
  },
];

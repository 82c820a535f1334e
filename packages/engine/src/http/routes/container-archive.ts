import { EngineError } from "../../core/errors.ts";
import type { PathStat } from "../../core/ports/container-files.ts";
import type { ContainerServices } from "../../services/containers/container-services.ts";
import type { Query } from "../query.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

const path = "/containers/{id:.*}/archive";

/** Files of containers, in and out. */
export const containerArchiveRoutes = ({ archive }: ContainerServices): readonly Route[] => [
  {
    method: "HEAD",
    path,
    handle: async ({ param, query, signal }) =>
      reply.empty(200, statHeader(await archive.stat(param("id"), pathOf(query), signal))),
  },
  {
    method: "GET",
    path,
    handle: async ({ param, query, signal }) => {
      const packed = await archive.get(param("id"), pathOf(query), signal);
      return reply.bytes(packed.archive, {
        "Content-Type": "application/x-tar",
        ...statHeader(packed.stat),
      });
    },
  },
  {
    method: "PUT",
    path,
    handle: async ({ param, query, body, signal }) => {
      await archive.put(param("id"), pathOf(query), body.bytes(), {
        keepKinds: query.flag("noOverwriteDirNonDir"),
        ownedByUser: query.flag("copyUIDGID"),
        signal,
      });
      return reply.empty(200);
    },
  },
  {
    method: "GET",
    path: "/containers/{id:.*}/export",
    handle: async ({ param, signal }) => reply.bytes(await archive.export(param("id"), signal)),
  },
];

function pathOf(query: Query): string {
  const text = query.text("path");
  if (text === "") throw new EngineError("invalid", "bad parameter: path cannot be empty");
  return text;
}

function statHeader({ name, sizeBytes, mode, modifiedAt, linkTarget }: PathStat) {
  const stat = { name, size: sizeBytes, mode, mtime: modifiedAt, linkTarget };
  return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat), "utf8").toString("base64") };
}

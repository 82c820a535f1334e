import { EngineError } from "../../core/errors.ts";
import { type DiskUsage, type DiskUsageType, diskUsageTypes } from "../../services/system/disk-usage.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

/** https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System/operation/SystemDataUsage */
export const diskUsageRoutes = (usage: DiskUsage): readonly Route[] => [
  {
    method: "GET",
    path: "/system/df",
    handle: async ({ query, version, signal }) => {
      // Older clients get all.
      const asked = version.atLeast(1, 42) ? query.all("type") : [];
      const types = asked.length === 0 ? diskUsageTypes : asked.map(typeNamed);
      return reply.json(await usage.report(new Set(types), signal));
    },
  },
  {
    // `docker system prune` asks for it in any case; the engine's own networks are never unused.
    method: "POST",
    path: "/networks/prune",
    handle: async ({ query }) => {
      query.filters(["label", "label!", "until"]);
      return reply.json({ NetworksDeleted: null });
    },
  },
];

function typeNamed(text: string): DiskUsageType {
  const found = diskUsageTypes.find((type) => type === text);
  if (found === undefined) throw new EngineError("invalid", `unknown object type: ${text}`);
  return found;
}

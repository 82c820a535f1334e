import { EngineError } from "../../core/errors.ts";
import {
  type DiskUsage,
  type DiskUsageReport,
  type DiskUsageType,
  diskUsageTypes,
} from "../../services/system/disk-usage.ts";
import type { ApiVersion } from "../api-version.ts";
import { sizesOfVersion } from "../image-of-version.ts";
import { withNetworksOfVersion } from "../network-of-version.ts";
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
      return reply.json(usageOfVersion(await usage.report(new Set(types), signal), version));
    },
  },
];

function usageOfVersion(report: DiskUsageReport, version: ApiVersion): DiskUsageReport {
  const { Containers: containers, Images: images, ...rest } = report;
  return {
    ...rest,
    ...(containers && { Containers: containers.map((one) => withNetworksOfVersion(one, version)) }),
    ...(images && { Images: images.map((one) => sizesOfVersion(one, version)) }),
  };
}

function typeNamed(text: string): DiskUsageType {
  const found = diskUsageTypes.find((type) => type === text);
  if (found === undefined) throw new EngineError("invalid", `unknown object type: ${text}`);
  return found;
}

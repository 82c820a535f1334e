import { volumeCreateBodySchema } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { VolumeService } from "../../services/volumes/volume-service.ts";
import type { ApiVersion } from "../api-version.ts";
import type { Filters } from "../filters.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

/** https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume */
export function volumeRoutes(volumes: VolumeService): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/volumes",
      handle: async ({ query, signal }) => {
        const filters = query.filters(["dangling", "driver", "label", "name"]);
        const dangling = filters.flag("dangling");
        const { volumes: all, warnings } = await volumes.list(signal);
        const Volumes = all.filter(
          (volume) =>
            (dangling === undefined || dangling !== volumes.isUsed(volume.Name)) &&
            filters.exact("driver", volume.Driver) &&
            filters.pattern("name", volume.Name) &&
            filters.labels("label", volume.Labels ?? {}),
        );
        return reply.json({ Volumes, Warnings: warnings.length === 0 ? null : warnings });
      },
    },
    {
      method: "POST",
      path: "/volumes/create",
      handle: async ({ body, signal }) => {
        const { Name, Driver, DriverOpts, Labels } = await body.json(volumeCreateBodySchema, {
          whenEmpty: {},
        });
        const request = { name: Name, driver: Driver, options: DriverOpts, labels: Labels };
        return reply.json(await volumes.create(request, signal), 201);
      },
    },
    {
      method: "POST",
      path: "/volumes/prune",
      handle: async ({ query, version, signal }) => {
        const filters = query.filters(["label", "label!", "all"]);
        const all = prunesNamed(version) || (filters.flag("all") ?? false);
        const removed = await volumes.prune({
          all,
          matches: ({ labels }) => labelsAllow(filters, labels),
          signal,
        });
        return reply.json({ VolumesDeleted: removed, SpaceReclaimed: 0 });
      },
    },
    {
      method: "GET",
      path: "/volumes/{name:.*}",
      handle: async ({ param, signal }) => reply.json(await volumes.inspect(param("name"), signal)),
    },
    {
      method: "PUT",
      path: "/volumes/{name:.*}",
      handle: () =>
        Promise.reject(
          new EngineError(
            "unavailable",
            "volume update is only valid for cluster volumes, which only a swarm has",
          ),
        ),
    },
    {
      method: "DELETE",
      path: "/volumes/{name:.*}",
      handle: async ({ param, query, signal }) => {
        await volumes.remove(param("name"), { force: query.flag("force"), signal });
        return reply.empty(204);
      },
    },
  ];
}

/** Before 1.42 a prune took named volumes too. */
const prunesNamed = (version: ApiVersion): boolean => !version.atLeast(1, 42);

const labelsAllow = (filters: Filters, labels: Readonly<Record<string, string>>): boolean =>
  filters.labels("label", labels) && !(filters.has("label!") && filters.labels("label!", labels));

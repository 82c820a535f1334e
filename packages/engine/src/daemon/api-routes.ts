import type { Route } from "../http/route.ts";
import { absentRoutes } from "../http/routes/absent.ts";
import { containerArchiveRoutes } from "../http/routes/container-archive.ts";
import { containerProcessRoutes } from "../http/routes/container-processes.ts";
import { containerRoutes } from "../http/routes/containers.ts";
import { diskUsageRoutes } from "../http/routes/disk-usage.ts";
import { execRoutes } from "../http/routes/exec.ts";
import { imageRoutes } from "../http/routes/images.ts";
import { networkRoutes } from "../http/routes/networks.ts";
import { pluginArchiveRoutes } from "../http/routes/plugin-archives.ts";
import { pluginOfferRoutes } from "../http/routes/plugin-offers.ts";
import { pluginRoutes } from "../http/routes/plugins.ts";
import { systemRoutes } from "../http/routes/system.ts";
import { volumeRoutes } from "../http/routes/volumes.ts";
import type { Services } from "./services.ts";

/** Every route of the API. */
export const apiRoutes = (services: Services): readonly Route[] => [
  ...systemRoutes(services),
  ...pluginRoutes(services.plugins),
  ...pluginArchiveRoutes(services.plugins.archiver),
  ...pluginOfferRoutes(services.offers),
  ...volumeRoutes(services.volumes),
  ...networkRoutes(services.networks),
  ...containerRoutes(services.containers),
  ...execRoutes(services.containers.exec),
  ...containerArchiveRoutes(services.containers),
  ...containerProcessRoutes(services.containers),
  ...imageRoutes(services.images),
  ...diskUsageRoutes(services.diskUsage),
  ...absentRoutes(),
];

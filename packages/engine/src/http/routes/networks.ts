import {
  networkConnectBodySchema,
  networkCreateBodySchema,
  networkDisconnectBodySchema,
} from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import { parsePruneTime } from "../../core/image/prune-time.ts";
import { isPredefined, type NetworkRecord } from "../../core/network/record.ts";
import { noSuchNetwork } from "../../core/network/resolve-network.ts";
import type { NetworkServices } from "../../services/networks/network-services.ts";
import type { ApiVersion } from "../api-version.ts";
import type { Filters } from "../filters.ts";
import { networkOfVersion } from "../network-of-version.ts";
import type { Query } from "../query.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

const listKeys = ["dangling", "driver", "id", "label", "name", "scope", "type"] as const;

/** https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network */
export function networkRoutes({ networks, connections }: NetworkServices): readonly Route[] {
  const shown = (record: NetworkRecord, version: ApiVersion, withContainers: boolean) => {
    const view = networks.view(record);
    return networkOfVersion(withContainers ? view : { ...view, Containers: {} }, version);
  };
  return [
    {
      method: "GET",
      path: "/networks",
      handle: async ({ query, version }) => {
        const accepts = listTest(query.filters(listKeys), (record) => networks.attached(record).length > 0);
        // Since 1.28 the containers are told of one network at a time.
        const withContainers = !version.atLeast(1, 28);
        return reply.json(
          networks
            .list()
            .filter(accepts)
            .map((record) => shown(record, version, withContainers)),
        );
      },
    },
    {
      method: "POST",
      path: "/networks/create",
      handle: async ({ body, signal }) => {
        const { id } = await networks.create(await body.json(networkCreateBodySchema), signal);
        return reply.json({ Id: id, Warning: "" }, 201);
      },
    },
    {
      method: "POST",
      path: "/networks/prune",
      handle: async ({ query }) => {
        const filters = query.filters(["label", "label!", "until"]);
        const [until] = filters.values("until");
        const before = until === undefined ? undefined : parsePruneTime(until, Date.now());
        const removed = await networks.prune(
          (record) =>
            labelsAllow(filters, record) && (before === undefined || Date.parse(record.createdAt) < before),
        );
        return reply.json({ NetworksDeleted: removed.length === 0 ? null : removed });
      },
    },
    {
      method: "POST",
      path: "/networks/{id:.*}/connect",
      handle: async ({ param, body }) => {
        const { Container, EndpointConfig } = await body.json(networkConnectBodySchema);
        await connections.connect(param("id"), Container, EndpointConfig);
        return reply.empty(200);
      },
    },
    {
      method: "POST",
      path: "/networks/{id:.*}/disconnect",
      handle: async ({ param, body }) => {
        const { Container, Force } = await body.json(networkDisconnectBodySchema);
        await connections.disconnect(param("id"), Container, { force: Force });
        return reply.empty(200);
      },
    },
    {
      method: "GET",
      path: "/networks/{id:.*}",
      handle: async ({ param, query, version }) => {
        requireTruth("verbose", query);
        const record = networks.resolve(param("id"));
        const scope = query.text("scope");
        if (scope !== "" && scope !== record.scope) throw noSuchNetwork(param("id"));
        return reply.json(shown(record, version, true));
      },
    },
    {
      method: "DELETE",
      path: "/networks/{id:.*}",
      handle: async ({ param }) => {
        await networks.remove(param("id"));
        return reply.empty(204);
      },
    },
  ];
}

/** What is no truth value to Go is refused. */
function requireTruth(name: string, query: Query): void {
  const text = query.text(name);
  if (text === "" || /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text)) return;
  throw new EngineError(
    "invalid",
    `invalid value for ${name}: ${text}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

function listTest(
  filters: Filters,
  isUsed: (record: NetworkRecord) => boolean,
): (record: NetworkRecord) => boolean {
  const types = filters.values("type");
  const unknown = types.find((type) => type !== "custom" && type !== "builtin");
  if (unknown !== undefined) throw new EngineError("invalid", `invalid filter: 'type'='${unknown}'`);
  const dangling = danglingFlag(filters);
  return (record) =>
    filters.exact("driver", record.driver) &&
    filters.pattern("id", record.id) &&
    filters.pattern("name", record.name) &&
    filters.labels("label", record.labels) &&
    filters.exact("scope", record.scope) &&
    filters.exact("type", isPredefined(record.name) ? "builtin" : "custom") &&
    (dangling === undefined || dangling === (!isPredefined(record.name) && !isUsed(record)));
}

function danglingFlag(filters: Filters): boolean | undefined {
  try {
    return filters.flag("dangling");
  } catch (error) {
    throw new EngineError(
      "invalid",
      'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
      { cause: error },
    );
  }
}

const labelsAllow = (filters: Filters, { labels }: NetworkRecord): boolean =>
  filters.labels("label", labels) && !(filters.has("label!") && filters.labels("label!", labels));

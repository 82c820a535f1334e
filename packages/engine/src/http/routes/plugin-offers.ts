import type { PluginOffers } from "../../services/offers/plugin-offers.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";

/** Plugins for other engines; not in the Engine's API, but in `docs/api.md`. */
export const pluginOfferRoutes = (offers: PluginOffers): readonly Route[] => [
  {
    method: "POST",
    path: "/plugins/{name:.*}/offer",
    handle: async ({ param, query }) => {
      const { name, socket } = await offers.offer(param("name"), query.text("as"));
      return reply.json({ Name: name, Socket: socket });
    },
  },
  {
    method: "POST",
    path: "/plugins/{name:.*}/withdraw",
    handle: async ({ param }) => {
      await offers.withdraw(param("name"));
      return reply.empty(204);
    },
  },
];

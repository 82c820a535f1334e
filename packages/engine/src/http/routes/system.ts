import { registryAuthSchema } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { EventSource } from "../../core/events.ts";
import type { SystemService } from "../../services/system/system-service.ts";
import { eventFilterKeys, eventMatcher } from "../event-filter.ts";
import { infoOfVersion } from "../info-of-version.ts";
import { type ApiReply, reply } from "../reply.ts";
import type { ApiRequest, Route } from "../route.ts";
import { parseUnixTime } from "../unix-time.ts";

export interface SystemRouteServices {
  readonly system: Pick<SystemService, "version" | "info" | "login">;
  readonly events: EventSource;
}

/** Ping, version, info, events and registry login. */
export function systemRoutes({ system, events }: SystemRouteServices): readonly Route[] {
  return [
    { method: "HEAD", path: "/_ping", handle: async () => ping("") },
    { method: "GET", path: "/_ping", handle: async () => ping("OK") },
    { method: "OPTIONS", path: "/{any:.*}", handle: async () => reply.empty(200) },
    { method: "GET", path: "/version", handle: async () => reply.json(await system.version()) },
    {
      method: "GET",
      path: "/info",
      handle: async ({ version }) => reply.json(infoOfVersion(await system.info(), version)),
    },
    { method: "GET", path: "/events", handle: async (request) => streamEvents(events, request) },
    {
      method: "POST",
      path: "/auth",
      handle: async ({ body, signal }) =>
        reply.json(await system.login(await body.json(registryAuthSchema), signal)),
    },
  ];
}

const ping = (text: string): ApiReply =>
  reply.text(text, 200, {
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    Swarm: "inactive",
    // The builder that this engine does not have is the old one, for which clients send no session.
    "Builder-Version": "1",
  });

function streamEvents(events: EventSource, { query, signal }: ApiRequest): ApiReply {
  const since = parseUnixTime(query.text("since"));
  const until = parseUnixTime(query.text("until"));
  if (since !== undefined && until !== undefined && since > until) {
    throw new EngineError(
      "invalid",
      `\`since\` time (${query.text("since")}) cannot be after \`until\` time (${query.text("until")})`,
    );
  }
  const matches = eventMatcher(query.filters(eventFilterKeys));
  // An end alone asks for the past up to it.
  const from = since ?? (until === undefined ? undefined : 0);
  return reply.jsonLines(events.subscribe({ since: from, until, matches }, signal));
}

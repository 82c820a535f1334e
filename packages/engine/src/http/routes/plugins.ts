import { pluginSetBodySchema, privilegesSchema } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { PluginServices } from "../../services/plugins/plugin-services.ts";
import { registryAuth, registryMetaHeaders } from "../registry-headers.ts";
import { reply } from "../reply.ts";
import type { ApiRequest, Route } from "../route.ts";

/** https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Plugin */
export function pluginRoutes({ catalog, installer, lifecycle }: PluginServices): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/plugins",
      handle: async ({ query }) => {
        const filters = query.filters(["enabled", "capability"]);
        const capabilities = filters.values("capability").map((text) => pattern("capability", text));
        return reply.json(catalog.list({ enabled: filters.flag("enabled"), capabilities }));
      },
    },
    {
      method: "GET",
      path: "/plugins/privileges",
      handle: async (request) => {
        try {
          return reply.json(await installer.privileges(request.query.text("remote"), access(request)));
        } catch (error) {
          throw withoutLoginPrompt(error);
        }
      },
    },
    {
      method: "POST",
      path: "/plugins/pull",
      handle: async (request) => {
        const granted = await request.body.json(privilegesSchema, { contentType: "any" });
        const remote = request.query.text("remote");
        const name = request.query.text("name");
        return reply.progress((emit) => installer.pull({ remote, name, granted }, access(request), emit), {
          "Docker-Plugin-Name": installer.nameForPull(remote, name),
        });
      },
    },
    {
      method: "POST",
      path: "/plugins/create",
      handle: async ({ query, body, signal }) => {
        await installer.create(query.text("name"), body.bytes(), signal);
        return reply.empty(204);
      },
    },
    {
      method: "GET",
      path: "/plugins/{name:.*}/json",
      handle: async ({ param }) => reply.json(catalog.inspect(param("name"))),
    },
    {
      method: "POST",
      path: "/plugins/{name:.*}/enable",
      handle: async ({ param, query, signal }) => {
        await lifecycle.enable(param("name"), query.int("timeout"), signal);
        return reply.empty(200);
      },
    },
    {
      method: "POST",
      path: "/plugins/{name:.*}/disable",
      handle: async ({ param, query }) => {
        await lifecycle.disable(param("name"), { force: query.flag("force") });
        return reply.empty(200);
      },
    },
    {
      method: "POST",
      path: "/plugins/{name:.*}/push",
      handle: async (request) => {
        const name = request.param("name");
        return reply.progress((emit) => installer.push(name, access(request), emit));
      },
    },
    {
      method: "POST",
      path: "/plugins/{name:.*}/upgrade",
      handle: async (request) => {
        const name = request.param("name");
        const granted = await request.body.json(privilegesSchema, { contentType: "any" });
        const remote = request.query.text("remote");
        return reply.progress((emit) => installer.upgrade(name, { remote, granted }, access(request), emit), {
          "Docker-Plugin-Name": catalog.inspect(name).Name,
        });
      },
    },
    {
      method: "POST",
      path: "/plugins/{name:.*}/set",
      handle: async ({ param, body }) => {
        await lifecycle.set(param("name"), await body.json(pluginSetBodySchema, { contentType: "any" }));
        return reply.empty(204);
      },
    },
    {
      method: "DELETE",
      path: "/plugins/{name:.*}",
      handle: async ({ param, query }) => {
        await lifecycle.remove(param("name"), { force: query.flag("force") });
        return reply.empty(200);
      },
    },
  ];
}

/**
 * At 401 here, and only here, the docker CLI asks for a user name, and without a terminal it waits for one for ever: 403
 * makes it show the message, which says what to do.
 */
const withoutLoginPrompt = (error: unknown): unknown =>
  error instanceof EngineError && error.kind === "unauthorized"
    ? new EngineError("forbidden", error.message, { cause: error })
    : error;

const access = ({ headers, signal }: ApiRequest) => ({
  auth: registryAuth(headers),
  headers: registryMetaHeaders(headers),
  signal,
});

function pattern(key: string, text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new EngineError("invalid", `invalid filter '${key}=[${text}]'`, { cause: error });
  }
}

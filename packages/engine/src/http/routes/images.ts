import { EngineError } from "../../core/errors.ts";
import type { ImageServices } from "../../services/images/image-services.ts";
import { registryAuth, registryMetaHeaders } from "../registry-headers.ts";
import { reply } from "../reply.ts";
import type { ApiRequest, Route } from "../route.ts";
import { filterMap } from "./filter-map.ts";

const filterKeys = ["before", "dangling", "label", "reference", "since", "until"] as const;

export const imageRoutes = (services: ImageServices): readonly Route[] => [
  ...arrivalRoutes(services),
  ...recordRoutes(services),
];

const arrivalRoutes = ({ puller, importer, loader }: ImageServices): readonly Route[] => [
  {
    method: "POST",
    path: "/images/create",
    handle: async (request) => {
      const { query, body, signal } = request;
      if (query.text("fromImage") !== "") return pull(puller, request);
      const source = query.text("fromSrc");
      if (source !== "-") {
        throw new EngineError(
          "not-implemented",
          `import image from ${source}: only a stream (-) is supported`,
        );
      }
      return reply.progress((emit) =>
        importer.import(
          {
            source: body.bytes(),
            repository: query.text("repo"),
            tag: query.text("tag"),
            message: query.text("message"),
            changes: query.all("changes"),
            platform: query.text("platform"),
            signal,
          },
          emit,
        ),
      );
    },
  },
  {
    method: "POST",
    path: "/images/load",
    handle: async ({ body, query, signal }) =>
      reply.progress((emit) => loader.load(body.bytes(), { quiet: query.flag("quiet"), signal }, emit)),
  },
];

const pull = (puller: ImageServices["puller"], { query, headers, signal }: ApiRequest) =>
  reply.progress((emit) =>
    puller.pull(
      {
        image: query.text("fromImage"),
        tag: query.text("tag"),
        platform: query.text("platform"),
        auth: registryAuth(headers),
        headers: registryMetaHeaders(headers),
        signal,
      },
      emit,
    ),
  );

const recordRoutes = ({ images }: ImageServices): readonly Route[] => [
  {
    method: "GET",
    path: "/images/json",
    handle: async ({ query }) =>
      reply.json(await images.list(filterMap(query.filters(filterKeys), filterKeys))),
  },
  {
    method: "GET",
    path: "/images/{name:.*}/json",
    handle: async ({ param }) => reply.json(await images.inspect(param("name"))),
  },
  {
    method: "GET",
    path: "/images/{name:.*}/history",
    handle: async ({ param }) => reply.json(await images.history(param("name"))),
  },
  {
    method: "POST",
    path: "/images/{name:.*}/tag",
    handle: async ({ param, query }) => {
      images.tag(param("name"), query.text("repo"), query.text("tag"));
      return reply.empty(201);
    },
  },
  {
    method: "DELETE",
    path: "/images/{name:.*}",
    handle: async ({ param, query }) =>
      reply.json(await images.remove(param("name"), { force: query.flag("force") })),
  },
];

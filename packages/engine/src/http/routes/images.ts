import { EngineError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { imagePruneFilterKeys } from "../../services/images/image-pruner.ts";
import type { ImageServices } from "../../services/images/image-services.ts";
import { imageOfVersion, sizesOfVersion } from "../image-of-version.ts";
import { registryAuth, registryMetaHeaders } from "../registry-headers.ts";
import { reply } from "../reply.ts";
import type { ApiRequest, Route } from "../route.ts";
import { filterMap } from "./filter-map.ts";

const filterKeys = ["before", "dangling", "label", "reference", "since", "until"] as const;

export const imageRoutes = (services: ImageServices): readonly Route[] => [
  ...arrivalRoutes(services),
  ...departureRoutes(services),
  ...recordRoutes(services),
  ...absentRoutes(),
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
            message: query.text("message") || `Imported from ${source}`,
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

/** In the order that they are tried in: a name may end in `/get`. */
const departureRoutes = ({ saver, pusher, remote }: ImageServices): readonly Route[] => [
  {
    method: "GET",
    path: "/images/get",
    handle: async ({ query }) => tar(await saver.save(query.all("names"), query.text("platform"))),
  },
  {
    method: "GET",
    path: "/images/{name:.*}/get",
    handle: async ({ param, query }) => tar(await saver.save([param("name")], query.text("platform"))),
  },
  {
    method: "POST",
    path: "/images/{name:.*}/push",
    handle: async (request) => {
      const { param, query } = request;
      const push = { image: param("name"), tag: query.text("tag"), ...access(request) };
      return reply.progress((emit) => pusher.push(push, emit));
    },
  },
  {
    method: "GET",
    path: "/distribution/{name:.*}/json",
    handle: async (request) => reply.json(await remote.inspect(request.param("name"), access(request))),
  },
];

const tar = (archive: ByteStream) => reply.bytes(archive, { "Content-Type": "application/x-tar" });

const access = ({ headers, signal }: ApiRequest) => ({
  auth: registryAuth(headers),
  headers: registryMetaHeaders(headers),
  signal,
});

/** What others do better. */
const absentRoutes = (): readonly Route[] => [
  {
    method: "GET",
    path: "/images/search",
    handle: () => notImplemented("GET /images/search: not supported: search at the registry's own site"),
  },
  {
    method: "POST",
    path: "/build",
    handle: () =>
      notImplemented(
        "POST /build: this engine does not build images: use buildah, or docker buildx with a builder of its own " +
          "(docker buildx create), and push or load what they make",
      ),
  },
  {
    method: "POST",
    path: "/build/prune",
    handle: async () => reply.json({ CachesDeleted: null, SpaceReclaimed: 0 }),
  },
];

function notImplemented(message: string): Promise<never> {
  return Promise.reject(new EngineError("not-implemented", message));
}

function pull(puller: ImageServices["puller"], request: ApiRequest) {
  const { query } = request;
  const wanted = {
    image: query.text("fromImage"),
    tag: query.text("tag"),
    platform: query.text("platform"),
    ...access(request),
  };
  return reply.progress((emit) => puller.pull(wanted, emit));
}

const recordRoutes = ({ images, pruner }: ImageServices): readonly Route[] => [
  {
    method: "GET",
    path: "/images/json",
    handle: async ({ query, version }) => {
      const listed = await images.list(filterMap(query.filters(filterKeys), filterKeys));
      return reply.json(listed.map((image) => sizesOfVersion(image, version)));
    },
  },
  {
    method: "POST",
    path: "/images/prune",
    handle: async ({ query }) =>
      reply.json(await pruner.prune(filterMap(query.filters(imagePruneFilterKeys), imagePruneFilterKeys))),
  },
  {
    method: "GET",
    path: "/images/{name:.*}/json",
    handle: async ({ param, version }) =>
      reply.json(imageOfVersion(await images.inspect(param("name")), version)),
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

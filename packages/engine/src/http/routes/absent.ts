import { EngineError } from "../../core/errors.ts";
import type { Method, Route } from "../route.ts";

/** Endpoints of what this engine does not do: they say so, in the Engine's words where it has some for an engine without that. */
export const absentRoutes = (): readonly Route[] => [
  refused("POST", "/swarm/init", noSwarms),
  refused("POST", "/swarm/join", noSwarms),
  refused("POST", "/swarm/leave", () => new EngineError("unavailable", "This node is not part of a swarm")),
  ...["swarm", "nodes", "services", "tasks", "secrets", "configs"].flatMap((noun) =>
    (["GET", "POST", "DELETE"] as const).flatMap((method) => [
      refused(method, `/${noun}`, noManager),
      refused(method, `/${noun}/{rest:.*}`, noManager),
    ]),
  ),
  refused("POST", "/commit", () =>
    missing("POST /commit", "this engine makes no images of containers: use docker export and docker import"),
  ),
  ...["/session", "/grpc", "/build/cancel"].map((path) =>
    refused("POST", path, () =>
      missing(`POST ${path}`, "this engine builds no images: use buildah or docker buildx"),
    ),
  ),
  ...(["GET", "POST", "DELETE"] as const).map((method) =>
    refused(method, `/containers/{id:.*}/checkpoints${method === "DELETE" ? "/{name}" : ""}`, () =>
      missing(`${method} /containers/{id}/checkpoints`, "this engine takes no checkpoints of containers"),
    ),
  ),
];

const refused = (method: Method, path: string, why: () => EngineError): Route => ({
  method,
  path,
  handle: () => Promise.reject(why()),
});

const missing = (endpoint: string, reason: string): EngineError =>
  new EngineError("not-implemented", `${endpoint}: not supported: ${reason}`);

const noSwarms = (): EngineError =>
  new EngineError("not-implemented", "swarm: not supported: this engine runs what is on its own machine");

const noManager = (): EngineError =>
  new EngineError(
    "unavailable",
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );

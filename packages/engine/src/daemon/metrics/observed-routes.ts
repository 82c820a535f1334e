import { statusOf } from "../../http/error-status.ts";
import type { ApiReply } from "../../http/reply.ts";
import type { Route } from "../../http/route.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

/** Those that dockerd measures. */
const containerActions: Readonly<Record<string, string>> = {
  "POST /containers/create": "create",
  "POST /containers/{name}/start": "start",
  "DELETE /containers/{name}": "delete",
  "GET /containers/{name}/changes": "changes",
  "POST /commit": "commit",
};

/** Measures each route's handler until its answer begins. Labels are routes, not paths: their number is bounded. */
export function observedRoutes(
  routes: readonly Route[],
  { httpRequests, containerActions: actions }: Pick<EngineMetrics, "httpRequests" | "containerActions">,
): readonly Route[] {
  return routes.map((route) => {
    const template = route.path.replaceAll(/\{(\w+)[^}]*\}/g, "{$1}");
    const action = containerActions[`${route.method} ${template.replaceAll(/\{\w+\}/g, "{name}")}`];
    return {
      ...route,
      async handle(request) {
        const end = httpRequests.startTimer({ method: route.method, route: template });
        const endAction = action === undefined ? undefined : actions.startTimer({ action });
        try {
          const answer = await route.handle(request);
          end({ status: statusOfReply(answer) });
          endAction?.();
          return answer;
        } catch (error) {
          end({ status: statusOf(error) });
          throw error;
        }
      },
    };
  });
}

const statusOfReply = (answer: ApiReply): number => ("status" in answer ? answer.status : 200);

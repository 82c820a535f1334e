import type { PluginConnector } from "../../core/ports/plugin-connection.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

/** Measures each call to a plugin; `nameOf` tells whose a socket is. */
export function observedConnector(
  connector: PluginConnector,
  { pluginCalls }: Pick<EngineMetrics, "pluginCalls">,
  nameOf: (socketPath: string) => string,
): PluginConnector {
  return {
    waitUntilListening: (socketPath, options) => connector.waitUntilListening(socketPath, options),
    open(socketPath, options) {
      const connection = connector.open(socketPath, options);
      return {
        close: () => connection.close(),
        async call(method, body, callOptions) {
          const end = pluginCalls.startTimer({ plugin: nameOf(socketPath), method });
          try {
            const answer = await connection.call(method, body, callOptions);
            end({ outcome: "answered" });
            return answer;
          } catch (error) {
            end({ outcome: "failed" });
            throw error;
          }
        },
      };
    },
  };
}

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
      const observed = async <Answer>(method: string, work: () => Promise<Answer>): Promise<Answer> => {
        const end = pluginCalls.startTimer({ plugin: nameOf(socketPath), method });
        try {
          const answer = await work();
          end({ outcome: "answered" });
          return answer;
        } catch (error) {
          end({ outcome: "failed" });
          throw error;
        }
      };
      return {
        close: () => connection.close(),
        call: (method, ...rest) => observed(method, () => connection.call(method, ...rest)),
        stream: (method, ...rest) => observed(method, () => connection.stream(method, ...rest)),
      };
    },
  };
}

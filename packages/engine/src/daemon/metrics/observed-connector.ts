import type { PluginConnector } from "../../core/ports/plugin-connection.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

/** Measures each call to a plugin. */
export function observedConnector(
  connector: PluginConnector,
  { pluginCalls }: Pick<EngineMetrics, "pluginCalls">,
): PluginConnector {
  return {
    waitUntilListening: (socketPath, options) => connector.waitUntilListening(socketPath, options),
    open(address, options) {
      const connection = connector.open(address, options);
      const observed = async <Answer>(method: string, work: () => Promise<Answer>): Promise<Answer> => {
        const end = pluginCalls.startTimer({ plugin: options.plugin, method });
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

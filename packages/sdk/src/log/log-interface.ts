import { encodeLogEntry, type LogInfo, logDriverRequests as requests } from "@davit/protocol";
import type { PluginLogger } from "../line-logger.ts";
import { type DriverInterface, rpcMethod, StreamedAnswer } from "../rpc/rpc-method.ts";
import type { LogContainer, LogDriver, LogLine } from "./log-driver.ts";
import { openLogPipe } from "./log-pipe.ts";

/** The wire side of a log driver. https://docs.docker.com/engine/extend/plugins_logging/ */
export function logInterface(driver: LogDriver, logger: PluginLogger): DriverInterface {
  const query = { query: true };
  const change = { query: false };
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const take = async (container: LogContainer, lines: AsyncIterable<LogLine>): Promise<void> => {
    try {
      await driver.log(container, lines);
    } catch (error) {
      logger.error({ container: container.id.slice(0, 12), error: String(error) }, "log failed");
    }
  };
  return {
    name: "LogDriver",
    stop: async () => {
      stopping.abort();
      await Promise.all(underWay);
    },
    methods: {
      "LogDriver.Capabilities": rpcMethod(
        requests["LogDriver.Capabilities"],
        async () => ({ Cap: { ReadLogs: driver.read !== undefined }, Err: "" }),
        query,
      ),
      "LogDriver.StartLogging": rpcMethod(
        requests["LogDriver.StartLogging"],
        async ({ File, Info }, call) => {
          const container = logContainer(Info);
          await driver.accept?.(container, call);
          const taking = take(container, openLogPipe(File, stopping.signal));
          underWay.add(taking);
          void taking.then(() => underWay.delete(taking));
          return { Err: "" };
        },
        change,
      ),
      // The pipe has all of it by now, and the engine closes it when this is answered: that ends the lines.
      "LogDriver.StopLogging": rpcMethod(
        requests["LogDriver.StopLogging"],
        async () => ({ Err: "" }),
        change,
      ),
      "LogDriver.ReadLogs": rpcMethod(
        requests["LogDriver.ReadLogs"],
        async ({ Info, Config }, call) => {
          if (driver.read === undefined) throw new Error("logs cannot be read");
          const { Since, Until, Tail, Follow } = Config;
          const wanted = {
            since: timeOf(Since),
            until: timeOf(Until),
            tail: Tail < 0 ? undefined : Tail,
            follow: Follow,
          };
          return new StreamedAnswer(encoded(driver.read(logContainer(Info), wanted, call)));
        },
        query,
      ),
    },
  };
}

async function* encoded(lines: AsyncIterable<LogLine>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield encodeLogEntry(line);
}

/** Year 1 is Go's word for none. */
const timeOf = (text: string): Date | undefined => (text.startsWith("0001-") ? undefined : new Date(text));

const logContainer = (info: LogInfo): LogContainer => ({
  id: info.ContainerID,
  name: info.ContainerName.replace(/^\//, ""),
  entrypoint: info.ContainerEntrypoint,
  args: info.ContainerArgs,
  imageId: info.ContainerImageID,
  imageName: info.ContainerImageName,
  createdAt: new Date(info.ContainerCreated),
  env: info.ContainerEnv,
  labels: info.ContainerLabels,
  options: info.Config,
});

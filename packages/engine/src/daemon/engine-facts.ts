import { readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { errnoOf, messageOf } from "../core/errors.ts";
import { newId } from "../core/identifiers.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { JournalLogs } from "../core/ports/logs.ts";
import { supportedApiVersions } from "../http/api-version.ts";
import { runProgram } from "../linux/run-program.ts";
import { listedLogDrivers } from "../services/logs/log-drivers.ts";
import type { EngineFacts } from "../services/system/engine-facts.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { proxiesOf, withoutCredentials } from "./proxies.ts";
import { version } from "./version.ts";

/** As Go and registries call it. */
export const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** What it says of itself; what SIGHUP can change is read anew each time. */
export async function engineFacts(
  settings: { readonly current: Configuration },
  { journal, logger }: { readonly journal: Pick<JournalLogs, "isThere">; readonly logger: Logger },
): Promise<EngineFacts> {
  const configuration = settings.current;
  const [id, runcVersion, conmonVersion] = await Promise.all([
    engineId(`${configuration.dataRoot}/engine-id`),
    versionOf(configuration.runc, logger),
    versionOf(configuration.conmon, logger),
  ]);
  const proxies = proxiesOf(configuration, process.env);
  return {
    id,
    name: `Davit on ${hostname()}`,
    version,
    gitCommit: "",
    buildTime: "",
    apiVersion: String(supportedApiVersions.max),
    minApiVersion: String(supportedApiVersions.min),
    platformVersion: `node ${process.version}`,
    architecture,
    rootDir: configuration.dataRoot,
    get debug() {
      return settings.current.debug;
    },
    get liveRestore() {
      return settings.current.liveRestore;
    },
    addressPools: configuration.defaultAddressPools,
    get labels() {
      return settings.current.labels;
    },
    components: [
      { name: "runc", version: runcVersion },
      { name: "conmon", version: conmonVersion },
    ],
    defaultRuntime: "runc",
    defaultLogDriver: configuration.logDriver,
    get drivers() {
      return {
        volume: ["local"],
        network: ["bridge", "host", "null"],
        log: listedLogDrivers(journal.isThere()),
        authorization: settings.current.authorizationPlugins,
      };
    },
    get registries() {
      const { insecureRegistries, registryMirrors } = settings.current;
      return { insecure: insecureRegistries, mirrors: registryMirrors };
    },
    proxies: {
      http: withoutCredentials(proxies.http),
      https: withoutCredentials(proxies.https),
      none: proxies.none,
    },
  };
}

/** Stays the same for one data root. */
async function engineId(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    const id = newId();
    await writeFile(path, `${id}\n`, { mode: 0o600 });
    return id;
  }
}

/** The last word of `runc version 1.1.5`, the first line that the command prints. */
async function versionOf(command: string, logger: Logger): Promise<string> {
  try {
    const { stdout } = await runProgram([command, "--version"]);
    return stdout.split("\n")[0]?.split(" ").at(-1) ?? "";
  } catch (error) {
    logger.error(
      { command, reason: messageOf(error) },
      "program is missing: nothing can be started without it",
    );
    return "";
  }
}

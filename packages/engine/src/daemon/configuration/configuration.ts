import { describeIssue } from "@davit/protocol";
import * as z from "zod";
import { EngineError, wrapError } from "../../core/errors.ts";
import { checkLogConfig, type LogConfig } from "../../core/log/log-config.ts";
import { addressPools } from "../../core/network/address-pools.ts";
import { isProxy, withoutCredentials } from "../proxies.ts";
import {
  type Given,
  type Option,
  type OptionKind,
  type OptionName,
  options,
  type ValueOf,
} from "./options.ts";

/** The daemon's settings, checked: absolute paths, times that are not negative. */
export type Configuration = {
  readonly [Name in OptionName]: ValueOf<(typeof options)[Name]["kind"]>;
};

const kinds: { readonly [Kind in OptionKind]: z.ZodType<ValueOf<Kind>> } = {
  text: z.string(),
  flag: z.boolean(),
  number: z.number().int().nonnegative(),
  list: z.array(z.string()),
  map: z.record(z.string(), z.string()),
  pools: z.array(z.object({ base: z.string(), size: z.number().int().nonnegative() })),
};

/** Flags and file together. A key that is given in both is an error, as at the Engine. */
export function mergeConfiguration(flags: Given, file: Given): Configuration {
  refuseTwice(flags, file);
  const given = { ...file, ...flags };
  const read = <Kind extends OptionKind>(option: Option<Kind>) => readOption(option, given);
  const configuration: Configuration = {
    hosts: read(options.hosts),
    dataRoot: read(options.dataRoot),
    execRoot: read(options.execRoot),
    pluginSocketDir: read(options.pluginSocketDir),
    pluginSpecDirs: read(options.pluginSpecDirs),
    pluginStartTimeout: read(options.pluginStartTimeout),
    pluginRetryTimeout: read(options.pluginRetryTimeout),
    configFile: read(options.configFile),
    pidFile: read(options.pidFile),
    group: read(options.group),
    insecureRegistries: read(options.insecureRegistries),
    registryMirrors: read(options.registryMirrors),
    httpProxy: read(options.httpProxy),
    httpsProxy: read(options.httpsProxy),
    noProxy: read(options.noProxy),
    certsDir: read(options.certsDir),
    labels: read(options.labels),
    metricsAddr: read(options.metricsAddr),
    logDriver: read(options.logDriver),
    logOptions: read(options.logOptions),
    debug: read(options.debug),
    logLevel: read(options.logLevel),
    logFormat: read(options.logFormat),
    authorizationPlugins: read(options.authorizationPlugins),
    authorizationTimeout: read(options.authorizationTimeout),
    tls: read(options.tls),
    tlsVerify: read(options.tlsVerify),
    tlsCaCert: read(options.tlsCaCert),
    tlsCert: read(options.tlsCert),
    tlsKey: read(options.tlsKey),
    liveRestore: read(options.liveRestore),
    shutdownTimeout: read(options.shutdownTimeout),
    bridgeName: read(options.bridgeName),
    bridgeSubnet: read(options.bridgeSubnet),
    defaultAddressPools: read(options.defaultAddressPools),
    runc: read(options.runc),
    conmon: read(options.conmon),
  };
  requireSound(configuration);
  return Object.freeze(configuration);
}

function readOption<Kind extends OptionKind>(option: Option<Kind>, given: Given): ValueOf<Kind> {
  const value = given[option.key];
  if (value === undefined) return option.fallback;
  const parsed = kinds[option.kind].safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EngineError("invalid", `setting ${option.key}: ${describeIssue(parsed.error)}`, {
    cause: parsed.error,
  });
}

function refuseTwice(flags: Given, file: Given): void {
  const twice = Object.keys(flags).filter((key) => file[key] !== undefined);
  if (twice.length === 0) return;
  const said = twice.map((key) => `${key}: (from flag: ${show(flags[key])}, from file: ${show(file[key])})`);
  throw new EngineError(
    "invalid",
    `the following directives are specified both as a flag and in the configuration file: ${said.join(", ")}`,
  );
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  return typeof value === "string" ? withoutCredentials(value) : JSON.stringify(value);
}

const daySeconds = 86_400;

/** The kernel's limit, less the final zero. */
const socketPathBytes = 107;

const logLevels = ["debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

/** How much is logged; `debug` wins over the level. */
export const logLevelOf = ({ debug, logLevel }: Configuration): LogLevel =>
  debug ? "debug" : (logLevels.find((level) => level === logLevel) ?? "info");

/** What containers get that ask for no log driver. */
export const logDefaults = ({ logDriver, logOptions }: Configuration): LogConfig => ({
  Type: logDriver,
  Config: logOptions,
});

function requireSound(configuration: Configuration): void {
  const invalid = (key: string, reason: string): never => {
    throw new EngineError("invalid", `setting ${key}: ${reason}`);
  };
  for (const name of ["dataRoot", "execRoot", "pluginSocketDir"] as const) {
    const path = configuration[name];
    if (!path.startsWith("/"))
      invalid(options[name].key, `expected an absolute path, got ${JSON.stringify(path)}`);
    // The monitor splits the paths that it is given there.
    if (path.includes(":")) invalid(options[name].key, `a colon cannot be part of it: ${path}`);
  }
  for (const name of ["pluginStartTimeout", "shutdownTimeout", "authorizationTimeout"] as const) {
    if (configuration[name] === 0) invalid(options[name].key, "expected a positive number");
  }
  for (const dir of configuration.pluginSpecDirs) {
    if (!dir.startsWith("/")) {
      invalid("plugin-spec-dirs", `expected absolute paths, got ${JSON.stringify(dir)}`);
    }
  }
  const sockets = {
    pluginSocketDir: `${configuration.pluginSocketDir}/${"x".repeat(64)}/plugin.sock`,
    execRoot: `${configuration.execRoot}/metrics.sock`,
  } as const;
  for (const name of ["pluginSocketDir", "execRoot"] as const) {
    if (Buffer.byteLength(sockets[name]) > socketPathBytes) {
      invalid(
        options[name].key,
        `too long for the sockets below it, whose paths have ${socketPathBytes} bytes at most`,
      );
    }
  }
  for (const host of configuration.hosts) {
    if (host.startsWith("unix://") && Buffer.byteLength(host.slice("unix://".length)) > socketPathBytes) {
      invalid("hosts", `paths of UNIX sockets have ${socketPathBytes} bytes at most: ${host}`);
    }
  }
  if (configuration.hosts.length === 0) invalid("hosts", "at least one is needed");
  if (!logLevels.some((level) => level === configuration.logLevel)) {
    invalid(
      "log-level",
      `expected one of ${logLevels.join(", ")}, got ${JSON.stringify(configuration.logLevel)}`,
    );
  }
  for (const name of ["httpProxy", "httpsProxy"] as const) {
    const proxy = configuration[name];
    if (proxy !== "" && !isProxy(proxy)) {
      invalid(options[name].key, `expected an http or https URL, got ${withoutCredentials(proxy)}`);
    }
  }
  if (configuration.authorizationPlugins.includes("")) invalid("authorization-plugins", "a name is empty");
  if (configuration.authorizationTimeout > daySeconds) {
    invalid("authorization-timeout", `at most a day, which is ${daySeconds} seconds`);
  }
  const unlabeled = configuration.labels.find((label) => !/^[^=]+=/.test(label));
  if (unlabeled !== undefined) invalid("labels", `bad attribute format: ${unlabeled}`);
  if (configuration.metricsAddr !== "" && !/^(\[[^\]]+\]|[^:]*):\d+$/.test(configuration.metricsAddr)) {
    invalid("metrics-addr", `expected HOST:PORT, got ${JSON.stringify(configuration.metricsAddr)}`);
  }
  try {
    configuration.defaultAddressPools.forEach(addressPools);
  } catch (error) {
    throw wrapError(`setting ${options.defaultAddressPools.key}`, error);
  }
  try {
    checkLogConfig(logDefaults(configuration));
  } catch (error) {
    throw wrapError("failed to set log opts", error);
  }
  if (!["text", "json"].includes(configuration.logFormat)) {
    invalid("log-format", `expected text or json, got ${JSON.stringify(configuration.logFormat)}`);
  }
}

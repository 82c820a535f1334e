import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configPath } from "../auth/config-file.ts";
import { errnoOf, Failure, messageOf } from "../failure.ts";
import type { GlobalFlags } from "../global-options.ts";
import { readDockerContext } from "./docker-context.ts";
import { defaultHost, type Endpoint, parseEndpoint, type TlsMaterial } from "./endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is asked for: an address, or a context that knows one. */
export type EndpointChoice =
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "context"; readonly name: string };

/**
 * The options win over `DAVIT_HOST`, that over `DOCKER_HOST`, that over `DOCKER_CONTEXT`, that over the context chosen
 * with `docker context use`, that over the default socket.
 */
export function chooseEndpoint(
  flags: Pick<GlobalFlags, "host" | "context">,
  env: Environment,
  currentContext: () => string | undefined,
): EndpointChoice {
  if (flags.host !== "" && flags.context !== "") {
    throw new Failure("conflicting options: cannot specify both --host and --context");
  }
  if (flags.context !== "") return contextChoice(flags.context);
  const host = flags.host || env["DAVIT_HOST"] || env["DOCKER_HOST"];
  if (host) return { kind: "host", host };
  return contextChoice(env["DOCKER_CONTEXT"] || currentContext() || "default");
}

const contextChoice = (name: string): EndpointChoice =>
  name === "default" ? { kind: "host", host: defaultHost } : { kind: "context", name };

/** The chosen daemon's address, with what TLS needs. */
export function resolveEndpoint(
  flags: GlobalFlags,
  env: Environment,
  currentContext: () => string | undefined,
): Endpoint {
  const directory = dirname(configPath(env));
  const choice = chooseEndpoint(flags, env, currentContext);
  if (choice.kind === "host") return parseEndpoint(choice.host, readTls(flags, env, directory));
  const { host, tls } = readDockerContext(directory, choice.name);
  return parseEndpoint(host || defaultHost, tls);
}

/** The files of the options, or those in `DOCKER_CERT_PATH` or beside the configuration file. */
function readTls(flags: GlobalFlags, env: Environment, configDirectory: string): TlsMaterial | undefined {
  const verify = flags.tlsverify ?? Boolean(env["DOCKER_TLS_VERIFY"]);
  const secure = verify || flags.tls || Boolean(env["DOCKER_TLS"]);
  if (!secure) return undefined;
  const directory = env["DOCKER_CERT_PATH"] || configDirectory;
  const ca =
    verify || flags.tlscacert !== "" ? readPem(flags.tlscacert, join(directory, "ca.pem")) : undefined;
  const cert = readPem(flags.tlscert, join(directory, "cert.pem"));
  const key = readPem(flags.tlskey, join(directory, "key.pem"));
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    verify,
  };
}

/** A file that was named must be there; one at its usual place may be missing. */
function readPem(named: string, usual: string): string | undefined {
  try {
    return readFileSync(named || usual, "utf8");
  } catch (error) {
    if (named === "" && errnoOf(error) === "ENOENT") return undefined;
    const reason = errnoOf(error) === "ENOENT" ? "no such file or directory" : messageOf(error);
    throw new Failure(
      `Failed to initialize: unable to resolve docker endpoint: open ${named || usual}: ${reason}`,
      {
        cause: error,
      },
    );
  }
}

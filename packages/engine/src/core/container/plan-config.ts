import type { ContainerCreateBody, ImageConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { planHealthcheck } from "./healthcheck.ts";
import type { ContainerConfig } from "./record.ts";
import { signalNumber } from "./signal.ts";

const defaultStopSeconds = 10;

/** What runs: the request where it says something, else the image. */
export function mergeConfig(
  body: ContainerCreateBody,
  { config }: ImageConfig,
  hostname: string,
): ContainerConfig {
  const asked = body.Entrypoint ?? [];
  const cmd = asked.length === 0 && body.Cmd.length === 0 ? (config?.Cmd ?? []) : body.Cmd;
  const merged = body.Entrypoint === undefined ? (config?.Entrypoint ?? []) : asked;
  // `--entrypoint ""` arrives as one empty word and means none.
  const entrypoint = merged.length === 1 && merged[0] === "" ? [] : merged;
  if (entrypoint.length + cmd.length === 0) throw new EngineError("invalid", "No command specified");
  const workingDir = body.WorkingDir || (config?.WorkingDir ?? "");
  if (workingDir !== "" && !workingDir.startsWith("/")) {
    throw new EngineError(
      "invalid",
      `the working directory '${workingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  const stopSignal = body.StopSignal || (config?.StopSignal ?? "");
  if (stopSignal !== "") signalNumber(stopSignal);
  const healthcheck = planHealthcheck(body.Healthcheck, config?.["Healthcheck"]);
  return {
    image: body.Image,
    hostname: body.Hostname || hostname,
    domainname: body.Domainname,
    user: body.User || (config?.User ?? ""),
    env: mergeEnv(body.Env, config?.Env ?? []),
    entrypoint,
    cmd,
    workingDir,
    labels: { ...config?.Labels, ...body.Labels },
    tty: body.Tty,
    openStdin: body.OpenStdin,
    stdinOnce: body.StdinOnce,
    attachStdin: body.AttachStdin,
    attachStdout: body.AttachStdout,
    attachStderr: body.AttachStderr,
    stopSignal,
    stopTimeoutSeconds: body.StopTimeout ?? defaultStopSeconds,
    exposedPorts: keysOf(config?.ExposedPorts, body.ExposedPorts),
    volumes: keysOf(config?.Volumes, body.Volumes),
    ...(healthcheck === undefined ? {} : { healthcheck }),
  };
}

const keysOf = (...sets: readonly (Record<string, unknown> | undefined)[]): readonly string[] =>
  [...new Set(sets.flatMap((set) => Object.keys(set ?? {})))].sort();

/** The request's variables first, then those of the image that it does not name; `NAME` alone takes one away. */
function mergeEnv(asked: readonly string[], image: readonly string[]): readonly string[] {
  const nameOf = (variable: string): string => variable.split("=", 1)[0] ?? "";
  for (const variable of asked) {
    if (nameOf(variable) === "")
      throw new EngineError("invalid", `invalid environment variable: ${variable}`);
  }
  const names = new Set(asked.map(nameOf));
  const kept = image.filter((variable) => !names.has(nameOf(variable)));
  return [...asked.filter((variable) => variable.includes("=")), ...kept];
}

import { readFileSync } from "node:fs";
import { EngineError, messageOf } from "../core/errors.ts";
import type { ListenAddress, ListenTls } from "../http/listen-address.ts";
import type { Configuration } from "./configuration/configuration.ts";

/** What systemd passes on starts here. https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html */
const firstInheritedFd = 3;

/** The addresses that `-H` names, each with what it takes to listen there. */
export function listenAddresses(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
): ListenAddress[] {
  return configuration.hosts.flatMap((host) => parseHost(host, configuration, environment));
}

/** Those on which anybody who can reach this machine may do everything. */
export const openAddresses = (addresses: readonly ListenAddress[]): readonly ListenAddress[] =>
  addresses.filter(
    (address) =>
      address.kind === "tcp" &&
      address.tls?.verify !== true &&
      !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(address.host),
  );

function parseHost(
  host: string,
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
): ListenAddress[] {
  const [scheme, rest] = splitScheme(host);
  if (scheme === "unix") {
    const gid = configuration.group === "" ? undefined : groupId(configuration.group);
    const path = rest === "" ? "/run/davit/davit.sock" : rest;
    if (!path.startsWith("/")) throw invalidHost(host, "expected an absolute path");
    return [{ kind: "unix", path, ...(gid === undefined ? {} : { gid }) }];
  }
  if (scheme === "fd") {
    const count =
      environment["LISTEN_PID"] === String(process.pid) ? Number(environment["LISTEN_FDS"] ?? 0) : 0;
    if (count < 1)
      throw invalidHost(host, "no socket was handed over (LISTEN_FDS is not set for this process)");
    return Array.from({ length: count }, (_, index) => ({ kind: "fd", fd: firstInheritedFd + index }));
  }
  if (scheme !== "tcp") throw invalidHost(host, "expected unix://PATH, tcp://HOST:PORT or fd://");
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?\/?$/.exec(rest);
  if (match === null) throw invalidHost(host, "expected tcp://HOST:PORT");
  const tls = readTls(configuration);
  const port = Number(match[3] ?? (tls === undefined ? 2375 : 2376));
  if (port > 65_535) throw invalidHost(host, "no such port");
  const name = match[1] ?? match[2];
  return [
    { kind: "tcp", host: name === undefined || name === "" ? "127.0.0.1" : name, port, ...(tls && { tls }) },
  ];
}

function splitScheme(host: string): [string, string] {
  const at = host.indexOf("://");
  if (at === -1) return host.startsWith("/") ? ["unix", host] : ["tcp", host];
  return [host.slice(0, at), host.slice(at + 3)];
}

function readTls(configuration: Configuration): ListenTls | undefined {
  const { tls, tlsVerify, tlsCaCert, tlsCert, tlsKey } = configuration;
  if (!tls && !tlsVerify) return undefined;
  if (tlsVerify && tlsCaCert === "") {
    throw new EngineError("invalid", "setting tlsverify: clients cannot be verified without tlscacert");
  }
  return {
    cert: readPem("tlscert", tlsCert),
    key: readPem("tlskey", tlsKey),
    verify: tlsVerify,
    ...(tlsCaCert === "" ? {} : { ca: readPem("tlscacert", tlsCaCert) }),
  };
}

function readPem(key: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new EngineError("invalid", `setting ${key}: ${messageOf(error)}`, { cause: error });
  }
}

function groupId(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) throw new EngineError("invalid", `setting group: there is no group ${name}`);
  return Number(line.split(":")[2]);
}

const invalidHost = (host: string, reason: string): EngineError =>
  new EngineError("invalid", `setting host ${host}: ${reason}`);

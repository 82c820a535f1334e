import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { findPeer } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineError } from "../../core/errors.ts";
import type { EventSource } from "../../core/events.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Table } from "../../core/ports/state.ts";
import { EventBus } from "../../services/events/event-bus.ts";
import { SystemService } from "../../services/system/system-service.ts";
import { type ApiServer, createApiServer } from "../server.ts";
import { systemRoutes } from "./system.ts";

const run = promisify(execFile);
const clients = [...new Set([findPeer("docker"), "/usr/bin/docker"])].filter((path) => existsSync(path));
if (clients.length === 0) console.warn("skipped: no docker CLI is installed");

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

const empty = <RecordType>(): Table<RecordType> => ({
  get: () => undefined,
  list: () => [],
  put: () => undefined,
  remove: () => undefined,
});

let dir: string;
let server: ApiServer;
let host: string;
/** Called with each new subscription. */
let onSubscribe: () => void = () => undefined;
const events = new EventBus({ now: Date.now, logger });
const watchedEvents: EventSource = {
  subscribe: (query, signal) => {
    const subscription = events.subscribe(query, signal);
    onSubscribe();
    return subscription;
  },
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dv-"));
  host = `unix://${dir}/s`;
  const system = new SystemService({
    engine: {
      id: "the-id",
      name: "Davit",
      version: "0.1.0",
      gitCommit: "abc",
      buildTime: "2026-01-01T00:00:00.000000000+00:00",
      apiVersion: "1.51",
      minApiVersion: "1.24",
      platformVersion: process.version,
      architecture: "amd64",
      rootDir: "/var/lib/davit",
      debug: false,
      liveRestore: true,
      addressPools: [],
      labels: ["rack=3"],
      components: [{ name: "runc", version: "1.1.5" }],
      defaultRuntime: "runc",
      defaultLogDriver: "json-file",
      drivers: {
        volume: ["local"],
        network: ["bridge", "host", "none"],
        log: ["json-file"],
        authorization: ["a"],
      },
      registries: { insecure: ["reg:5000"], mirrors: [] },
      proxies: { http: "", https: "", none: "" },
    },
    state: { containers: empty(), images: empty(), plugins: empty() },
    registry: {
      login: ({ password }) =>
        password === "right"
          ? Promise.resolve("")
          : Promise.reject(new EngineError("unauthorized", "login registry: incorrect username or password")),
    },
    unmanaged: { used: () => [] },
    readHostFacts: () =>
      Promise.resolve({
        hostname: "h",
        kernelVersion: "6.1.0",
        machine: "x86_64",
        operatingSystem: "Debian GNU/Linux 12 (bookworm)",
        osVersion: "12",
        cpus: 2,
        memoryBytes: 4e9,
        cgroupVersion: "1",
        cgroupControllers: ["memory", "cpu", "cpuset", "pids"],
        seccomp: true,
        apparmor: false,
        ipv4Forwarding: true,
      }),
    now: () => new Date(),
  });
  server = createApiServer({
    routes: systemRoutes({ system, events: watchedEvents }),
    engine: { name: "Davit", version: "0.1.0" },
    logger,
  });
  await server.listen({ kind: "unix", path: `${dir}/s` });
});

afterAll(async () => {
  await server.close({ graceMs: 0 });
  await rm(dir, { recursive: true });
});

describe.each(clients)("%s", (docker) => {
  const cli = (...args: string[]) =>
    run(docker, ["-H", host, ...args], { env: { PATH: process.env["PATH"], DOCKER_CONFIG: dir, HOME: dir } });

  test("prints the version of the engine", async () => {
    const { stdout, stderr } = await cli("version");
    expect(stdout).toMatch(
      /Server: Davit\n Engine:\n {2}Version: +0\.1\.0\n {2}API version: +1\.51 \(minimum version 1\.24\)/,
    );
    expect(stdout).toMatch(/ runc:\n {2}Version: +1\.1\.5/);
    expect(stderr).toBe("");
  });

  test("prints the engine's information without an error", async () => {
    const { stdout, stderr } = await cli("info");
    expect(stdout).toContain("Server Version: 0.1.0");
    expect(stdout).toMatch(
      /Plugins:\n {2}Volume: local\n {2}Network: bridge host none\n {2}Authorization: a\n {2}Log: json-file/,
    );
    expect(stdout).toContain("Live Restore Enabled: true");
    expect(stdout).toContain("Docker Root Dir: /var/lib/davit");
    expect(stdout).toMatch(/Insecure Registries:\n {2}reg:5000\n/);
    expect(`${stdout}${stderr}`).not.toContain("ERROR");
  });

  test("prints past events and ends at a time that is over", async () => {
    events.publish({ type: "plugin", action: "enable", id: "p1", attributes: { name: "a:latest" } });
    const until = ["--until", (Date.now() / 1000 + 0.001).toFixed(9)];
    const { stdout } = await cli("events", "--since", "0", ...until, "--filter", "plugin=a");
    expect(stdout).toMatch(/^\S+ plugin enable p1 \(name=a:latest\)\n/);
    const none = await cli("events", "--since", "0", "--until", "1");
    expect(none.stdout).toBe("");
  });

  test("follows events as they happen", async () => {
    const subscribed = new Promise<void>((resolve) => {
      onSubscribe = resolve;
    });
    const following = execFile(docker, ["-H", host, "events", "--filter", "type=volume"]);
    try {
      await subscribed;
      events.publish({ type: "volume", action: "create", id: "v", attributes: { driver: "local" } });
      const lines = createInterface({ input: following.stdout ?? Readable.from([]) });
      const [line] = await once(lines, "line");
      expect(line).toContain("volume create v (driver=local)");
    } finally {
      following.kill();
    }
  });

  test("logs in with the right password only", async () => {
    const login = (password: string) => cli("login", "-u", "me", "-p", password, "reg:5000");
    expect((await login("right")).stdout).toContain("Login Succeeded");
    await expect(login("wrong")).rejects.toMatchObject({
      stderr: expect.stringContaining("login registry: incorrect username or password"),
    });
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { servePlugin } from "../serve-plugin.ts";
import { MemoryVolumeDriver } from "../testing/memory-volume-driver.ts";
import { PluginClient } from "../testing/plugin-client.ts";
import { readEngineMetrics } from "./read-engine-metrics.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "metrics-"));
});
afterEach(() => rm(dir, { recursive: true }));

const silent = { debug: () => undefined, info: () => undefined, error: () => undefined };

describe("a metrics collector", () => {
  it("is told to start and to stop, on one socket with a volume driver", async () => {
    const told: string[] = [];
    const metricsCollector = {
      startMetrics: () => void told.push("start"),
      stopMetrics: () => {
        told.push("stop");
        throw new Error("nothing to stop");
      },
    };
    const server = await servePlugin(
      { volumeDriver: new MemoryVolumeDriver(), metricsCollector },
      { socket: join(dir, "p.sock"), logger: silent },
    );
    const client = new PluginClient(server.socket);
    try {
      const activation = await client.call("Plugin.Activate");
      expect(JSON.parse(activation.body)).toEqual({ Implements: ["VolumeDriver", "MetricsCollector"] });
      // As engines send it: no body at all.
      expect(await client.call("MetricsCollector.StartMetrics")).toMatchObject({ status: 200 });
      expect(await client.call("MetricsCollector.StopMetrics", "{}")).toMatchObject({
        status: 500,
        body: '{"Err":"nothing to stop"}',
      });
      expect(told).toEqual(["start", "stop"]);
    } finally {
      client.close();
      await server.stop();
    }
  });
});

describe("readEngineMetrics", () => {
  it("gives the text, or says what was wrong", async () => {
    const socket = join(dir, "metrics.sock");
    let status = 200;
    const engine = createServer((request, response) => {
      response.writeHead(status).end(`${request.method ?? ""} ${request.url ?? ""}\n`);
    });
    await new Promise<void>((done) => {
      engine.listen(socket, done);
    });
    try {
      expect(await readEngineMetrics({ socket })).toBe("GET /metrics\n");
      status = 500;
      await expect(readEngineMetrics({ socket })).rejects.toThrow("GET /metrics: status 500: GET /metrics");
      await expect(readEngineMetrics({ socket: join(dir, "other.sock") })).rejects.toThrow("ENOENT");
    } finally {
      engine.close();
    }
  });
});

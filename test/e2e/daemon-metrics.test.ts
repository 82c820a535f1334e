import { busyboxRootfs, mustRun, runCommand } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--metrics-addr=127.0.0.1:0");
const engine = () => davitd.engine;
let url: string;

beforeAll(async () => {
  const line = await engine().line("metrics API listening on");
  url = `http://${/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? ""}/metrics`;
  await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine().ok(["plugin", "create", "acme/v", davitd.plugin]);
  await engine().ok(["plugin", "enable", "acme/v"]);
  await engine().ok(["volume", "create", "--driver", "acme/v", "one"]);
  await engine().ok(["volume", "create", "two"]);
});

/** The value of each metric whose name and labels begin so. */
async function values(start: string): Promise<Readonly<Record<string, number>>> {
  const text = await mustRun("curl", ["-sS", "--fail", url]);
  const rows = text.split("\n").filter((line) => line.startsWith(start));
  return Object.fromEntries(
    rows.map((row) => [row.slice(0, row.lastIndexOf(" ")), Number(row.split(" ").at(-1))]),
  );
}

describe("metrics", () => {
  test("say what the engine is, in dockerd's names", async () => {
    const id = await engine().ok(["info", "--format", "{{.ID}}"]);
    const [info = ""] = Object.keys(await values("engine_daemon_engine_info"));
    for (const label of [`daemon_id="${id}"`, 'graphdriver="overlay2"', 'os_type="linux"']) {
      expect(info).toContain(label);
    }
    const cpus = await engine().ok(["info", "--format", "{{.NCPU}}"]);
    expect(await values("engine_daemon_engine_cpus_cpus")).toEqual({
      engine_daemon_engine_cpus_cpus: Number(cpus),
    });
    expect((await values("process_resident_memory_bytes"))["process_resident_memory_bytes"]).toBeGreaterThan(
      1e6,
    );
  });

  test("count containers by state, volumes by driver, and events", async () => {
    const events = async () =>
      (await values("engine_daemon_events_total"))["engine_daemon_events_total"] ?? 0;
    const before = await events();
    await engine().ok(["create", "--network", "none", "busybox", "true"]);
    expect(await values("engine_daemon_container_states_containers")).toEqual({
      'engine_daemon_container_states_containers{state="running"}': 0,
      'engine_daemon_container_states_containers{state="paused"}': 0,
      'engine_daemon_container_states_containers{state="stopped"}': 1,
    });
    expect(await events()).toBe(before + 1);
    expect(await values("davit_volumes")).toEqual({
      'davit_volumes{driver="acme/v:latest"}': 1,
      'davit_volumes{driver="local"}': 1,
    });
    expect(await values('engine_daemon_container_actions_seconds_count{action="create"}')).toEqual({
      'engine_daemon_container_actions_seconds_count{action="create"}': 1,
    });
  });

  test("measure calls to plugins by plugin and method, and requests by route", async () => {
    expect(
      await values('davit_plugin_calls_seconds_count{plugin="acme/v:latest",method="VolumeDriver.Create"'),
    ).toEqual({
      'davit_plugin_calls_seconds_count{plugin="acme/v:latest",method="VolumeDriver.Create",outcome="answered"}': 1,
    });
    expect(await values('davit_http_requests_seconds_count{method="POST",route="/volumes/create"')).toEqual({
      'davit_http_requests_seconds_count{method="POST",route="/volumes/create",status="201"}': 2,
    });
    await engine().docker(["volume", "inspect", "none"]);
    const failed = await values('davit_http_requests_seconds_count{method="GET",route="/volumes/{name}"');
    expect(failed).toEqual({
      'davit_http_requests_seconds_count{method="GET",route="/volumes/{name}",status="404"}': 1,
    });
  });

  test("tell each plugin's state and its restarts", async () => {
    const state = async () =>
      Object.entries(await values('davit_plugin_state{plugin="acme/v:latest"'))
        .filter(([, value]) => value === 1)
        .map(([name]) => /state="([\w-]+)"/.exec(name)?.[1]);
    expect(await state()).toEqual(["running"]);
    const from = engine().log.length;
    const id = await engine().ok(["plugin", "inspect", "acme/v", "--format", "{{.Id}}"]);
    const { stdout } = await runCommand("runc", [
      "--root",
      `${engine().dir}/exec/runtime-runc/plugins.moby`,
      "kill",
      id,
      "KILL",
    ]);
    expect(stdout).toBe("");
    await engine().line("plugin is up again", from);
    expect(await values("davit_plugin_restarts_total")).toEqual({
      'davit_plugin_restarts_total{plugin="acme/v:latest"}': 1,
    });
    expect(await state()).toEqual(["running"]);
  });

  test("are served to plugins on a socket too, and nothing else is", async () => {
    const socket = ["-sS", "--unix-socket", `${engine().dir}/exec/metrics.sock`];
    expect(await mustRun("curl", [...socket, "http://d/metrics"])).toContain(
      "# TYPE engine_daemon_events_total counter",
    );
    expect(await mustRun("curl", [...socket, "-o", "/dev/null", "-w", "%{http_code}", "http://d/info"])).toBe(
      "404",
    );
  });
});

import { expect, test } from "vitest";
import { renderList } from "../format/list.ts";
import { statsSchema, statsView } from "./stats-view.ts";

const sample = statsSchema.parse({
  id: "0123456789abcdef",
  name: "/web",
  cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2000, online_cpus: 2 },
  precpu_stats: { cpu_usage: { total_usage: 200 }, system_cpu_usage: 1000 },
  memory_stats: { usage: 3 * 1024 * 1024, limit: 1024 ** 3, stats: { total_inactive_file: 1024 * 1024 } },
  blkio_stats: { io_service_bytes_recursive: [{ op: "Read", value: 4096 }] },
  networks: { eth0: { rx_bytes: 1000, tx_bytes: 500 }, eth1: { rx_bytes: 500 } },
  pids_stats: { current: 3 },
});

test("a sample is shown as percentages and sizes", () => {
  const format =
    "{{.ID}} {{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}";
  const rows = [{ container: "web", stats: sample }];
  expect(renderList(statsView(false), rows, { format, quiet: false })).toBe(
    "0123456789ab web 20.00% 2MiB / 1GiB 0.20% 1.5kB / 500B 4.1kB / 0B 3",
  );
});

test("a container without a sample has dashes", () => {
  const format = "{{.Container}} {{.ID}} {{.MemUsage}}";
  const rows = [{ container: "web", stats: undefined }];
  expect(renderList(statsView(false), rows, { format, quiet: false })).toBe("web -- -- / --");
});

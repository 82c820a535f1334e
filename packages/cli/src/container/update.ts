import { goList } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { integer, parsed, text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { forEachArgument } from "../for-each-argument.ts";
import { parseBytes, parseCpus, parseMemorySwap, parseRestartPolicy } from "../options/quantities.ts";

const updatedSchema = z.object({ Warnings: goList(z.string()) });

const bytes = (help: string, short?: string) =>
  parsed(help, parseBytes, { type: "bytes", ...(short === undefined ? {} : { short }) });

export const update = defineVerb({
  name: "update",
  aliases: ["container update"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Update configuration of one or more containers",
  args: { min: 1 },
  flags: {
    blkioWeight: integer("Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
    cpuPeriod: integer("Limit CPU CFS (Completely Fair Scheduler) period"),
    cpuQuota: integer("Limit CPU CFS (Completely Fair Scheduler) quota"),
    cpuRtPeriod: integer("Limit the CPU real-time period in microseconds"),
    cpuRtRuntime: integer("Limit the CPU real-time runtime in microseconds"),
    cpuShares: integer("CPU shares (relative weight)", { short: "c" }),
    cpus: parsed("Number of CPUs", parseCpus, { type: "decimal" }),
    cpusetCpus: text("CPUs in which to allow execution (0-3, 0,1)"),
    cpusetMems: text("MEMs in which to allow execution (0-3, 0,1)"),
    memory: bytes("Memory limit", "m"),
    memoryReservation: bytes("Memory soft limit"),
    memorySwap: parsed("Swap limit equal to memory plus swap: -1 to enable unlimited swap", parseMemorySwap, {
      type: "bytes",
    }),
    pidsLimit: integer("Tune container pids limit (set -1 for unlimited)"),
    restart: parsed("Restart policy to apply when a container exits", parseRestartPolicy),
  },
  run(context, names, flags) {
    const changes = {
      ...(flags.blkioWeight === undefined ? {} : { BlkioWeight: flags.blkioWeight }),
      ...(flags.cpuPeriod === undefined ? {} : { CpuPeriod: flags.cpuPeriod }),
      ...(flags.cpuQuota === undefined ? {} : { CpuQuota: flags.cpuQuota }),
      ...(flags.cpuRtPeriod === undefined ? {} : { CpuRealtimePeriod: flags.cpuRtPeriod }),
      ...(flags.cpuRtRuntime === undefined ? {} : { CpuRealtimeRuntime: flags.cpuRtRuntime }),
      ...(flags.cpuShares === undefined ? {} : { CpuShares: flags.cpuShares }),
      ...(flags.cpus === undefined ? {} : { NanoCpus: flags.cpus }),
      ...(flags.cpusetCpus === "" ? {} : { CpusetCpus: flags.cpusetCpus }),
      ...(flags.cpusetMems === "" ? {} : { CpusetMems: flags.cpusetMems }),
      ...(flags.memory === undefined ? {} : { Memory: flags.memory }),
      ...(flags.memoryReservation === undefined ? {} : { MemoryReservation: flags.memoryReservation }),
      ...(flags.memorySwap === undefined ? {} : { MemorySwap: flags.memorySwap }),
      ...(flags.pidsLimit === undefined ? {} : { PidsLimit: flags.pidsLimit }),
      ...(flags.restart === undefined ? {} : { RestartPolicy: flags.restart }),
    };
    if (Object.keys(changes).length === 0) {
      throw new Failure("you must provide one or more flags when using this command");
    }
    return forEachArgument(context, names, async (name) => {
      const { Warnings } = await context.client.json(updatedSchema, {
        method: "POST",
        path: `${objectPath("container", name)}/update`,
        json: changes,
        signal: context.signal,
      });
      printLine(context.out, name);
      for (const warning of Warnings) printLine(context.err, warning);
    });
  },
});

import { describeIssue, type Info, infoSchema } from "@davit/protocol";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { humanBinarySize } from "../format/human.ts";
import { renderObject } from "../format/inspect.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";
import { programVersion } from "../program-version.ts";

export const info = defineVerb({
  name: "info",
  aliases: ["system info"],
  usage: "[OPTIONS]",
  summary: "Display system-wide information",
  args: { min: 0, max: 0 },
  flags: { format: inspectFormatFlag() },
  async run(context, _args, { format }) {
    if (format !== "") {
      const { raw } = await readInfo(context);
      printLine(context.out, renderObject(format, raw));
      return;
    }
    printLine(context.out, `Client:\n Version:    ${programVersion}\n Debug Mode: false\n\nServer:`);
    const { checked } = await readInfo(context);
    context.out.write(serverText(checked));
    for (const warning of checked.Warnings ?? []) printLine(context.err, warning);
  },
});

async function readInfo(context: Context): Promise<{ raw: unknown; checked: Info }> {
  const raw = await context.client.raw({ method: "GET", path: "/info", signal: context.signal });
  const parsed = infoSchema.safeParse(raw);
  if (parsed.success) return { raw, checked: parsed.data };
  throw new Failure(`unexpected answer from daemon to /info: ${describeIssue(parsed.error)}`);
}

type Row = readonly [name: string, value: unknown];

export function serverText(info: Info): string {
  const { Volume, Network, Authorization, Log } = info.Plugins;
  const joined = (names: readonly string[] | null | undefined): string => (names ?? []).join(" ");
  const text = rows(1, [
    ["Containers", info.Containers],
    [" Running", info.ContainersRunning],
    [" Paused", info.ContainersPaused],
    [" Stopped", info.ContainersStopped],
    ["Images", info.Images],
    ["Server Version", info.ServerVersion],
    ["Storage Driver", info.Driver],
    ...driverStatus(info["DriverStatus"]),
    ["Logging Driver", info.LoggingDriver],
    ["Cgroup Driver", info.CgroupDriver],
    ["Cgroup Version", info.CgroupVersion],
  ]);
  const plugins = rows(2, [
    ["Volume", joined(Volume)],
    ["Network", joined(Network)],
    ["Authorization", (Authorization ?? []).length === 0 ? undefined : joined(Authorization)],
    ["Log", joined(Log)],
  ]);
  const runtimes = info["Runtimes"];
  const host = rows(1, [
    [
      "Runtimes",
      typeof runtimes === "object" && runtimes !== null ? Object.keys(runtimes).join(" ") : undefined,
    ],
    ["Default Runtime", info.DefaultRuntime],
  ]);
  const security = (info.SecurityOptions ?? []).map((option) => `  ${securityText(option)}\n`).join("");
  const machine = rows(1, [
    ["Kernel Version", info.KernelVersion],
    ["Operating System", info.OperatingSystem],
    ["OSType", info.OSType],
    ["Architecture", info.Architecture],
    ["CPUs", info.NCPU],
    ["Total Memory", humanBinarySize(info.MemTotal)],
    ["Name", info.Name],
    ["ID", info.ID],
    ["Docker Root Dir", info.DockerRootDir],
    ["Debug Mode", info["Debug"]],
    ["Experimental", info["ExperimentalBuild"]],
  ]);
  const labels = (info.Labels ?? []).map((label) => `  ${label}\n`).join("");
  return [
    text,
    ` Plugins:\n${plugins}`,
    host,
    security === "" ? "" : ` Security Options:\n${security}`,
    machine,
    labels === "" ? "" : ` Labels:\n${labels}`,
    rows(1, [["Live Restore Enabled", info.LiveRestoreEnabled]]),
    "\n",
  ].join("");
}

const rows = (indent: number, given: readonly Row[]): string =>
  given
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${" ".repeat(indent)}${name}: ${String(value)}\n`)
    .join("");

/** Pairs of a name and a value. */
function driverStatus(status: unknown): Row[] {
  if (!Array.isArray(status)) return [];
  return status.flatMap((pair): Row[] => (Array.isArray(pair) ? [[` ${String(pair[0])}`, pair[1]]] : []));
}

/** `name=seccomp,profile=default` on two lines. */
function securityText(option: string): string {
  const [name = "", ...more] = option.split(",").map((part) => part.split("="));
  const details = more.map(
    ([key = "", value = ""]) => `\n   ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}`,
  );
  return (Array.isArray(name) ? (name[1] ?? name[0] ?? "") : name) + details.join("");
}

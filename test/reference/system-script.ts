import { differs, type Step, step } from "./step.ts";

// A second from now: an engine tells what is past, and waits for the end.
const events = (filters: string, format: string): Step =>
  step(`events --since 10m --until -1s ${filters} --format '${format}'`);

/** What the engine tells about itself, and what has happened; the main script's first lines, on an engine that holds nothing else. */
export const systemScript: readonly Step[] = [
  step("version --format '{{.Server.Os}} {{.Server.Arch}}'"),
  step(
    "info --format '{{.OSType}} {{.Architecture}} {{.NCPU}} {{.Images}} {{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}'",
  ),
  step(
    "info --format '{{.Driver}} {{.CgroupDriver}} {{.CgroupVersion}} {{.LoggingDriver}} {{.DefaultRuntime}} {{.Swarm.LocalNodeState}}'",
  ),
  step(
    "info --format '{{.MemoryLimit}} {{.SwapLimit}} {{.PidsLimit}} {{.OomKillDisable}} {{.IPv4Forwarding}} {{.KernelVersion}} {{.MemTotal}}'",
  ),
  step("info --format '{{json .Labels}} {{.ExperimentalBuild}} {{.Debug}} {{.IndexServerAddress}}'"),
  differs("messages-of-28", "info --format '{{json .SecurityOptions}}'"),
  step("system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'"),
  step("system df --verbose --format '{{json .Volumes}}'"),
  differs("messages-of-28", "system prune --force --filter nonsense=1"),
  step("system prune --force --filter until=nonsense"),
  step("login --username a --password b {registry}"),
  step("logout {registry}"),
  step("events --since nonsense"),
  differs("events-unknown-filter", "events --since 10m --until -0s --filter nonsense=1"),
  step("events --since 1h --until 30m"),
  step("volume create evented"),
  step("run --name evented --network none --label l=v --volume evented:/data busybox true"),
  step("rm evented"),
  step("volume rm evented"),
  events(
    "--filter volume=evented --filter event=mount --filter event=unmount --filter event=destroy",
    '{{.Type}} {{.Action}} {{.Actor.ID}} {{index .Actor.Attributes "driver"}} {{.Scope}}',
  ),
  events("--filter type=container --filter container=evented", "{{.Action}} {{json .Actor.Attributes}}"),
  events(
    "--filter label=l=v --filter event=die",
    '{{.Action}} {{index .Actor.Attributes "exitCode"}} {{.Status}} {{.From}}',
  ),
];

import { answered, differs, type Step, step } from "./step.ts";

const created: readonly Step[] = [
  step(
    "create --name made --network none --label a=b --label stage=test --env A=1 --hostname box busybox sh -c 'echo one; echo two; sleep 600'",
  ),
  step("create --name made --network none busybox true"),
  step("ps"),
  step(
    "ps --all --format '{{.Names}} {{.Image}} {{.Status}} {{.Command}} {{.Labels}} {{.Networks}} {{.State}} {{.Ports}} {{.Mounts}}'",
  ),
  step("ps --all --no-trunc --format '{{.Command}} {{.LocalVolumes}}'"),
  step(
    "inspect --format '{{.State.Status}} {{.State.Running}} {{.State.Pid}} {{.State.ExitCode}} {{.State.StartedAt}}' made",
  ),
  step(
    "inspect --format '{{.Name}} {{.Path}} {{json .Args}} {{.Platform}} {{.Driver}} {{.RestartCount}}' made",
  ),
  step("inspect --format '{{json .Config}}' made"),
  step("inspect --format '{{json .NetworkSettings}}' made"),
  step("inspect --size --format '{{.SizeRw}}' made"),
  step("inspect --type volume made"),
  differs("messages-of-28", "inspect --type image made"),
  step("inspect nosuch"),
  step("logs made"),
  step("exec made true"),
  step("top made"),
  step("pause made"),
  step("wait nosuch"),
  step("start nosuch made"),
];

const running: readonly Step[] = [
  // Written by then, because the engine is asked through it.
  step("exec made true"),
  step("logs --tail 1 made"),
  step("logs --tail nonsense made"),
  step("logs --since nonsense made"),
  step("logs --since 2020-01-01T00:00:00 made"),
  step("logs --until 2020-01-01T00:00:00 made"),
  step("logs nosuch"),
  step("exec --env B=2 --workdir /tmp --user 7 made sh -c 'echo $A $B; pwd; id -u'"),
  answered("exec --interactive made cat", "typed\n"),
  step("exec made sh -c 'exit 9'"),
  differs("runtime-errors-unwrapped", "exec made nosuchprogram"),
  differs("runtime-errors-unwrapped", "exec --workdir /nosuch made pwd"),
  step("exec --user nosuch made true"),
  step("exec --detach made true"),
  step("exec nosuch true"),
  step("stats --no-stream --format '{{.Name}} {{.PIDs}}' made"),
  step("stats --no-stream nosuch"),
  step("top made -o pid,nosuch"),
  step("port made"),
  step("port made 80"),
  step("pause made"),
  step("pause made"),
  step("exec made true"),
  step("ps --format '{{.Names}} {{.State}}' --filter status=paused"),
  step("unpause made"),
  step("unpause made"),
  step("rename made renamed"),
  step("rename made again"),
  step("rename renamed renamed"),
];

const filters: readonly Step[] = [
  step("ps --format '{{.Names}}' --filter name=renamed --filter label=a --filter label=stage=test"),
  step("ps --quiet --filter label=a=c"),
  differs("messages-of-28", "ps --filter nonsense=1"),
  differs("messages-of-28", "ps --filter status=nonsense"),
  step("ps --filter ancestor=busybox --format '{{.Names}}'"),
  step("ps --filter ancestor=nosuch --format '{{.Names}}'"),
  step("ps --filter network=none --format '{{.Names}}'"),
  step("ps --filter volume=nosuch --format '{{.Names}}'"),
  step("ps --last 1 --format '{{.Names}}'"),
  step("ps --all --filter since=renamed --format '{{.Names}}'"),
];

const files: readonly Step[] = [
  step("cp {hello-file} renamed:/tmp/copied"),
  step("exec renamed cat /tmp/copied"),
  step("diff renamed"),
  step("diff nosuch"),
  step("cp {hello-file} renamed:/nosuch/dir/"),
  step("cp renamed:/nosuch {elsewhere}/"),
  step("cp renamed:/tmp/copied {elsewhere}/out"),
  step("cp renamed:/tmp/copied {missing}/out"),
  step("cp nosuch:/x {elsewhere}"),
  step("cp {missing} renamed:/tmp"),
  step("cp {elsewhere} renamed:/tmp/dir"),
  step("exec renamed cat /tmp/dir/out"),
  step("export nosuch --output {saved}"),
];

const ended: readonly Step[] = [
  step("kill --signal NOSUCH renamed"),
  step("kill --signal WINCH renamed"),
  step("rm renamed"),
  step("restart --timeout 0 renamed"),
  step("restart nosuch"),
  step("inspect --format '{{.State.Status}} {{.RestartCount}}' renamed"),
  step("update --restart always renamed"),
  step("update --memory 1m renamed"),
  step("inspect --format '{{json .HostConfig.RestartPolicy}}' renamed"),
  step("kill renamed"),
  step("kill renamed"),
  step("wait renamed"),
  step(
    "inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}' renamed",
  ),
  step("ps --all --filter exited=137 --format '{{.Names}}'"),
  step("ps --all --filter status=exited --format '{{.Names}}'"),
  step("stop renamed"),
  step("start --attach nosuch"),
  step("attach renamed"),
  step("container prune --force --filter label=nosuch"),
  differs("messages-of-28", "container prune --force --filter nonsense=1"),
  step("rm renamed nosuch"),
  step("run --detach --name sleeper --network none --stop-signal KILL busybox sleep 600"),
  step("stop sleeper"),
  step("wait sleeper"),
  step("start sleeper"),
  step("rm --force sleeper"),
  step("rm --force sleeper"),
];

/** A container from `create` to `rm`. */
export const containerScript: readonly Step[] = [...created, ...running, ...filters, ...files, ...ended];

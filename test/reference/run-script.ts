import { answered, differs, type Step, step } from "./step.ts";

const run = (line: string): Step => step(`run --rm --network none ${line}`);
const runDiffers = (heading: string, line: string): Step =>
  differs(heading, `run --rm --network none ${line}`);

const processes: readonly Step[] = [
  run("-e A=1 -e NOSUCHVARIABLE -e 'B=2 3' busybox sh -c 'echo $A $B $NOSUCHVARIABLE'"),
  run("--env-file {env-file} busybox sh -c 'echo $FROM_FILE $OTHER'"),
  run("--env-file {missing} busybox true"),
  run("busybox env"),
  run("--workdir /made/here busybox pwd"),
  run("--workdir relative busybox pwd"),
  run("--user 1000:1001 --group-add 7 busybox id"),
  run("--user nosuch busybox id"),
  run(
    "--hostname box --domainname example.org --add-host one:10.0.0.1 busybox sh -c 'hostname; cat /etc/hostname /etc/hosts'",
  ),
  run("--entrypoint /bin/echo busybox a b"),
  runDiffers("runtime-errors-unwrapped", "--entrypoint /nosuch busybox"),
  run("busybox"),
  run("--name 'bad name' busybox true"),
  run("--init busybox cat /proc/1/comm"),
  run("--stop-signal NOSUCH busybox true"),
  answered("run --rm --network none --interactive busybox cat", "typed\n"),
  answered("run --rm --network none --interactive busybox sh", "exit 3\n"),
];

const confinement: readonly Step[] = [
  run("--read-only busybox touch /x"),
  run("--read-only --tmpfs /x busybox sh -c 'touch /x/y && ls /x'"),
  run("--tmpfs /x:size=1m,mode=700 busybox sh -c 'grep /x /proc/mounts; stat -c %a /x'"),
  run("--tmpfs /x:bogus=1 busybox true"),
  run("--shm-size 1m busybox grep shm /proc/mounts"),
  run("busybox grep -E 'Cap|Seccomp:|NoNewPrivs' /proc/self/status"),
  run("--cap-drop ALL --cap-add NET_ADMIN --cap-add CAP_CHOWN busybox grep CapEff /proc/self/status"),
  run("--cap-add NOSUCH busybox true"),
  run(
    "--security-opt no-new-privileges --security-opt seccomp=unconfined busybox grep -E 'NoNew|Seccomp:' /proc/self/status",
  ),
  run("--security-opt nonsense=1 busybox true"),
  run("--device /dev/null:/dev/other busybox ls /dev/other"),
  run("--device /dev/nosuch busybox true"),
  run("--sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward"),
  run("--ipc bogus busybox true"),
  step("run --rm --network nosuch busybox true"),
  step("run --rm --network container:nosuch busybox true"),
  runDiffers("messages-of-28", "--runtime nosuch busybox true"),
];

const limits: readonly Step[] = [
  run("--memory 1m busybox true"),
  run("--memory 64m --memory-swap 32m busybox true"),
  run("--cpus 1000 busybox true"),
  run(
    "--memory 64m --cpus 0.5 --cpu-shares 512 --pids-limit 20 busybox cat " +
      "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us " +
      "/sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/pids/pids.max",
  ),
  run(
    "--ulimit nofile=100:200 --oom-score-adj 500 busybox sh -c 'ulimit -n -H; cat /proc/self/oom_score_adj'",
  ),
  run("--ulimit nofile=200:100 busybox true"),
  run("--restart always busybox true"),
  differs("messages-of-28", "run --network none --restart bogus busybox true"),
  differs("messages-of-28", "run --network none --restart always:3 busybox true"),
  run("--health-cmd true --health-interval 1us busybox true"),
];

const mounts: readonly Step[] = [
  run("--mount type=bind,src={missing},dst=/x busybox true"),
  run("--mount type=bind,src={elsewhere},dst=/x,readonly busybox touch /x/y"),
  run("--mount type=bind,src=relative,dst=/x busybox true"),
  run("--mount type=bind,src={elsewhere},dst=/x,bind-propagation=rshared busybox true"),
  run("--mount type=bind,src={elsewhere},dst=/x,bind-propagation=nonsense busybox true"),
  run("--mount type=bind,src={elsewhere},dst=/x,volume-nocopy busybox true"),
  run("--mount type=volume,dst=relative busybox true"),
  run("--mount type=volume,dst=/ busybox true"),
  run("--mount type=volume,src=a,dst=/x busybox true"),
  run("--mount type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=700 busybox grep /x /proc/mounts"),
  run("--mount type=nonsense,dst=/x busybox true"),
  run("--mount type=tmpfs,src=x,dst=/x busybox true"),
  run("--mount type=tmpfs,dst=/x --mount type=tmpfs,dst=/x busybox true"),
  run("--volume {elsewhere}:/x --volume {elsewhere}:/x busybox true"),
  run("--volume /x --mount dst=/x busybox true"),
  run("--volume one1:/x:bogus busybox true"),
  run("--volume one1:/x:ro,rw busybox true"),
  run("--volume one1:/x:rslave busybox true"),
  run("--volume {elsewhere}:/x:rslave busybox true"),
  run("--volume copied:/bin busybox ls /bin/sh"),
  run("--volume copied:/x busybox ls /x/busybox"),
  run("--volume emptied:/bin:nocopy --volume copied:/x --entrypoint /x/busybox busybox ls /bin"),
  run("--mount type=volume,src=labelled,dst=/x,volume-label=k=v busybox true"),
  step("volume inspect --format '{{.Name}} {{json .Labels}} {{.Driver}}' labelled"),
];

const volumesFrom: readonly Step[] = [
  step(
    "run --name holder --network none --volume /anonymous --volume named:/named --volume {elsewhere}:/bound:ro " +
      "--mount type=volume,src=named2,dst=/n2,readonly busybox sh -c 'echo kept > /named/file'",
  ),
  step("inspect --format '{{json .HostConfig.Mounts}} {{json .Config.Volumes}}' holder"),
  run("--volumes-from holder busybox sh -c 'cat /named/file; ls -d /anonymous /bound /n2'"),
  run("--volumes-from holder:ro busybox touch /named/other"),
  run("--volumes-from nosuch busybox true"),
  run("--volumes-from holder:bogus busybox true"),
  step("volume ls --quiet --filter name=named"),
  step("volume rm named"),
  step("rm --volumes holder"),
  step("volume ls --format '{{.Driver}} {{.Name}}' --filter name=named"),
  step("volume rm named named2 copied emptied labelled"),
];

/** What `run` takes, and what it refuses. */
export const runScript: readonly Step[] = [
  ...processes,
  ...confinement,
  ...limits,
  ...mounts,
  ...volumesFrom,
];

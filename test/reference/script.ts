import { containerScript } from "./container-script.ts";
import { imageScript } from "./image-script.ts";
import { runScript } from "./run-script.ts";
import { answered, differs, type Step, step } from "./step.ts";
import { systemScript } from "./system-script.ts";

const nothingThere: readonly Step[] = [
  step("plugin ls"),
  step("volume ls"),
  step("plugin inspect nosuch"),
  step("plugin inspect --format '{{.Name}}' nosuch"),
  step("plugin enable nosuch"),
  step("plugin disable nosuch"),
  step("plugin disable --force nosuch"),
  step("plugin rm nosuch"),
  step("plugin rm --force nosuch"),
  step("plugin set nosuch A=1"),
  step("plugin push nosuch"),
  step("plugin upgrade nosuch"),
  step("volume inspect nosuch"),
  step("volume rm nosuch"),
  step("volume rm --force nosuch"),
];

const create: readonly Step[] = [
  step("plugin create Acme/V {plugin}"),
  step("plugin create acme/v@sha256:{hex} {plugin}"),
  step("plugin create acme/v {missing}"),
  step("plugin create acme/v {without-rootfs}"),
  step("plugin create acme/v {broken-config}"),
  step("plugin create acme/v {plugin}"),
  step("plugin create acme/v {plugin}"),
  step("plugin create acme/v:latest {plugin}"),
  differs("recreate-same-content", "plugin create acme/again:1 {plugin}"),
  differs("recreate-same-content", "plugin rm acme/again:1"),
  step("plugin create acme/empty {empty-config}"),
  step("plugin create acme/host {host-plugin}"),
];

const look: readonly Step[] = [
  step(
    "plugin ls --format '{{.Name}} {{.Enabled}} {{.PluginReference}} {{.Description}}' --filter capability=volumedriver",
  ),
  step("plugin ls --filter enabled=true"),
  step("plugin ls --filter enabled=false --filter capability=networkdriver"),
  differs("messages-of-28", "plugin ls --filter enabled=maybe"),
  differs("messages-of-28", "plugin ls --filter nonsense=1"),
  step("plugin inspect acme/v"),
  step("plugin inspect acme/empty"),
  step("plugin inspect --format '{{.Name}}' docker.io/acme/v index.docker.io/acme/v:latest acme/v:latest"),
  step("plugin inspect --format '{{.Name}}' acme/v:2 acme/v"),
  step("plugin inspect --format '{{.Name}}' ACME/V"),
];

const set: readonly Step[] = [
  step("plugin set acme/v NOPE=1"),
  step("plugin set acme/v ROOT=/elsewhere"),
  step("plugin set acme/v =1"),
  step("plugin set acme/v BEHAVIOUR.path=1"),
  step("plugin set acme/v BEHAVIOUR=slow:0 'args=a b  c'"),
  differs("set-args-quoting", "plugin inspect --format '{{json .Settings}}' acme/v"),
  step("plugin set acme/v BEHAVIOUR=serve args="),
  step("plugin set acme/host data.source={elsewhere} fuse.path=/dev/null"),
  step("plugin inspect --format '{{json .Settings}}' acme/host"),
  step("plugin set acme/host nullmount.source=/tmp"),
  step("plugin set acme/v BEHAVIOUR=deaf NOPE=1"),
  differs("settings-all-or-none", "plugin inspect --format '{{json .Settings.Env}}' acme/v"),
  step("plugin set acme/v BEHAVIOUR=serve"),
];

const enable: readonly Step[] = [
  step("plugin disable acme/v"),
  step("plugin enable --timeout -1 acme/v"),
  differs("runtime-errors-unwrapped", "plugin enable acme/empty"),
  step("plugin enable acme/host"),
  step("plugin enable acme/v"),
  step("plugin enable acme/v"),
  step("plugin set acme/v BEHAVIOUR=slow"),
  step("plugin rm acme/v"),
  step("plugin rm acme/empty acme/host acme/v"),
  step("plugin upgrade acme/v"),
  step("plugin ls --format '{{.Name}} {{.Enabled}}'"),
];

const volumes: readonly Step[] = [
  step("volume create --driver acme/v one"),
  step("volume create --driver acme/v:latest one"),
  step("volume create one"),
  step("volume create --driver acme/v --opt a=b --label x=y two"),
  step("volume create --driver acme/v --opt fail=Create refused"),
  step("volume create --driver acme/v 'with space'"),
  step("volume create --driver acme/v --opt tmpfs=1 memory"),
  step("volume create plain"),
  step("volume create --label x=z plain"),
  step("volume create a"),
  step("volume create 'bad name'"),
  step("volume create --opt bogus=1 wrong"),
  step("volume ls"),
  step("volume ls --quiet --filter driver=acme/v:latest"),
  step("volume ls --quiet --filter driver=acme/v"),
  step("volume ls --quiet --filter label=x"),
  step("volume ls --quiet --filter label=x=z"),
  step("volume ls --quiet --filter name=w"),
  step("volume ls --quiet --filter dangling=true"),
  differs("messages-of-28", "volume ls --quiet --filter dangling=maybe"),
  differs("messages-of-28", "volume ls --quiet --filter nonsense=1"),
  differs("mountpoint-on-host", "volume inspect one"),
  differs("mountpoint-on-host", "volume inspect two 'with space'"),
  step("volume inspect --format '{{.Name}} {{.Driver}} {{.Scope}}' plain nosuch"),
  step("volume rm 'with space'"),
  differs("info-lists-managed", "info --format '{{json .Plugins.Volume}}'"),
];

const containers: readonly Step[] = [
  step("run --rm --network none --volume one:/data busybox sh -c 'echo hello > /data/file'"),
  step("run --rm --network none --volume one:/data busybox cat /data/file"),
  step("run --rm --network none --volume one:/data:ro busybox touch /data/other"),
  step(
    "run --rm --network none --volume one:/data --volume memory:/memory busybox sh -c 'echo 1 > /memory/x; ls /data /memory'",
  ),
  step("run --rm --network none --volume fresh:/data --volume-driver acme/v busybox ls /data"),
  step(
    "run --rm --network none --mount type=volume,src=mounted,dst=/data,volume-driver=acme/v,volume-opt=k=v busybox ls /data",
  ),
  step("volume inspect --format '{{json .Options}} {{.Driver}}' mounted fresh"),
  step("run --rm --network none busybox sh -c 'exit 7'"),
  differs("runtime-errors-unwrapped", "run --rm --network none busybox nosuchprogram"),
  step("run --detach --name keeper --network none --volume two:/data busybox sleep 600"),
  step("volume ls --quiet --filter dangling=true"),
  step("volume rm two"),
  step("volume rm --force two"),
  step("rm keeper"),
  step("rm --force keeper"),
  step("volume rm two fresh mounted nosuch"),
  step("volume create --driver acme/v --opt fail=Mount unmountable"),
  differs(
    "volume-named-when-its-mount-fails",
    "run --rm --network none --volume unmountable:/data busybox true",
  ),
  step("volume rm unmountable memory plain"),
];

const inUse: readonly Step[] = [
  step("plugin disable acme/v"),
  step("plugin rm acme/v"),
  step("plugin disable --force acme/v"),
  step("plugin ls --format '{{.Name}} {{.Enabled}}'"),
  step("volume create --driver acme/v while-disabled"),
  step("volume inspect one"),
  step("plugin enable acme/v"),
  differs("mountpoint-on-host", "volume inspect --format '{{.Name}} {{.Mountpoint}}' one"),
  step("volume rm one"),
  step("plugin disable acme/v"),
  step("volume create --driver nosuch/driver x"),
];

const misbehaving: readonly Step[] = [
  step("plugin set acme/v BEHAVIOUR=error"),
  step("plugin enable acme/v"),
  step("volume create --driver acme/v x"),
  step("plugin disable acme/v"),
  step("plugin set acme/v BEHAVIOUR=serve"),
];

const distribution: readonly Step[] = [
  step("plugin create {registry}/acme/v:1 {other-plugin}"),
  step("plugin push {registry}/acme/v:1"),
  step("plugin push {registry}/acme/v:1"),
  step("plugin push {registry}/acme/v:nosuch"),
  step("plugin rm {registry}/acme/v:1"),
  answered("plugin install {registry}/acme/v:1", "n\n"),
  step("plugin ls --format '{{.Name}}' --filter capability=volumedriver"),
  answered("plugin install --disable {registry}/acme/v:1", "y\n"),
  step("plugin install --grant-all-permissions {registry}/acme/v:1"),
  step("plugin install --grant-all-permissions --alias acme/alias {registry}/acme/v:1 BEHAVIOUR=slow:0"),
  step("plugin install --grant-all-permissions --alias acme/wrong {registry}/acme/v:1 NOPE=1"),
  step("plugin install --grant-all-permissions --disable --alias 'Bad Alias' {registry}/acme/v:1"),
  step("plugin inspect acme/alias"),
  step("plugin ls --format '{{.Name}} {{.Enabled}} {{.PluginReference}}'"),
  differs(
    "registry-errors-name-the-last-step",
    "plugin install --grant-all-permissions {registry}/acme/nosuch:1",
  ),
  differs(
    "registry-errors-name-the-last-step",
    "plugin install --grant-all-permissions {registry}/acme/v:nosuch",
  ),
  step("plugin install --grant-all-permissions 'not a reference'"),
  step("plugin disable acme/alias"),
  step("plugin create {registry}/acme/v:2 {newer-plugin}"),
  step("plugin push {registry}/acme/v:2"),
  answered("plugin upgrade acme/alias {registry}/acme/v:2", "n\n"),
  answered("plugin upgrade --skip-remote-check acme/alias {registry}/acme/v:2", "n\n"),
  answered("plugin upgrade --skip-remote-check acme/alias {registry}/acme/v:2", "y\n"),
  step("plugin inspect --format '{{.Name}} {{.PluginReference}} {{.Config.Description}}' acme/alias"),
  differs("upgrade-settings", "plugin inspect --format '{{json .Settings.Env}}' acme/alias"),
  step("plugin upgrade --grant-all-permissions --skip-remote-check acme/alias {registry}/acme/v:1"),
  step("plugin enable acme/alias"),
  step("volume create --driver acme/alias kept"),
  step("plugin rm --force acme/alias"),
  differs("volumes-never-forgotten", "volume ls --quiet"),
];

const end: readonly Step[] = [
  step("plugin rm --force acme/v acme/wrong {registry}/acme/v:1 {registry}/acme/v:2 nosuch"),
  step("plugin ls"),
  step("plugin create acme/exits {exits}"),
  differs("enable-does-not-wait", "plugin enable acme/exits"),
  // Ends two seconds from now; without the plugin that only one of the engines has created.
  step(
    "events --since 10m --until -2s --filter type=plugin --filter plugin=acme/v --filter plugin=acme/alias " +
      "--filter plugin={registry} --format '{{.Action}} {{index .Actor.Attributes \"name\"}}'",
  ),
];

/** What is evened out in every answer, with the heading that tells why the engines differ there. */
export const evened: readonly { readonly pattern: RegExp; readonly by: string; readonly differs: string }[] =
  [
    {
      pattern: /^ *"DockerVersion": .*\n/gm,
      by: "",
      differs: "no-dockerversion",
    },
    {
      pattern: /("(?:Capabilities|Devices|Entrypoint|Env|Mounts|Options|Settable|Types|Value)": ?)null/g,
      by: "$1[]",
      differs: "lists-never-null",
    },
  ];

/** What an operator may type in the life of plugins and volumes, refusals included; each line builds on those before. */
export const script: readonly Step[] = [
  ...nothingThere,
  ...systemScript,
  ...imageScript,
  ...runScript,
  ...containerScript,
  ...create,
  ...look,
  ...set,
  ...enable,
  ...volumes,
  ...containers,
  ...inUse,
  ...misbehaving,
  ...distribution,
  ...end,
];

/** What is typed once more with the 20.10 CLI, at engines of their own: it asks for an older version of the API. */
export const olderScript: readonly Step[] = [
  ...nothingThere,
  ...create,
  ...look,
  ...enable,
  ...volumes,
  ...containers,
  ...inUse,
  ...containerScript,
  step("volume prune --force"),
  step("volume ls --quiet"),
];

import { differs, type Step, step } from "./step.ts";

const run = (name: string, options: string, script: string): Step =>
  step(`run --name ${name} --network none ${options} busybox sh -c '${script}'`);

const shownAll = (name: string): readonly Step[] => [
  step(`logs ${name}`),
  step(`logs --timestamps ${name}`),
  step(`logs --details ${name}`),
  step(`logs --tail 0 ${name}`),
  step(`logs --tail 1 ${name}`),
  step(`logs --tail 2 --timestamps ${name}`),
  step(`logs --tail all ${name}`),
  step(`logs --tail -1 ${name}`),
  step(`logs --tail 1000 ${name}`),
  step(`logs --since 1h ${name}`),
  step(`logs --since 2100-01-01 ${name}`),
  step(`logs --until 1h ${name}`),
  step(`logs --until 2100-01-01 ${name}`),
  step(`logs --follow ${name}`),
  step(`logs --follow --tail 1 ${name}`),
  step(`logs --follow --since 2100-01-01 ${name}`),
  step(`inspect --format '{{json .HostConfig.LogConfig}}' ${name}`),
];

const ofDriver = (driver: string): readonly Step[] => [
  run(
    `lines-${driver}`,
    `--log-driver ${driver}`,
    'for i in 1 2 3 4; do echo "line $i"; done; printf unended',
  ),
  ...shownAll(`lines-${driver}`),
  run(`both-${driver}`, `--log-driver ${driver}`, "echo out; echo err >&2"),
  step(`logs both-${driver}`),
  step(`start --attach lines-${driver}`),
  step(`logs lines-${driver}`),
  step(`logs --tail 3 lines-${driver}`),
  run(`terminal-${driver}`, `--tty --log-driver ${driver}`, "echo one; echo two >&2"),
  step(`logs terminal-${driver}`),
  run(
    `long-${driver}`,
    `--log-driver ${driver}`,
    "head -c 40000 /dev/zero | tr \\\\0 x; echo; head -c 16384 /dev/zero | tr \\\\0 y; echo; echo end",
  ),
  driver === "local" ? differs("long-lines-whole", `logs long-${driver}`) : step(`logs long-${driver}`),
  differs("long-lines-whole", `logs --timestamps long-${driver}`),
  differs("long-lines-whole", `logs --timestamps --tail 2 long-${driver}`),
  run(`empty-${driver}`, `--log-driver ${driver}`, "true"),
  step(`logs empty-${driver}`),
  run(`blank-${driver}`, `--log-driver ${driver}`, "echo; echo; echo"),
  step(`logs blank-${driver}`),
  run(`growing-${driver}`, `--detach --log-driver ${driver}`, "echo begun; sleep 1; echo ended"),
  step(`logs --follow growing-${driver}`),
  step(`logs growing-${driver}`),
  step(`rm lines-${driver} both-${driver} terminal-${driver} empty-${driver} blank-${driver}`),
  step(`logs lines-${driver}`),
];

const options = "--log-driver json-file --log-opt";
const refused = (option: string): Step => step(`create --network none ${options} ${option} busybox true`);
const refusedEarly = (option: string): Step => ({
  ...refused(option),
  differs: "log-options-checked-early",
});

const jsonFile: readonly Step[] = [
  run(
    "told",
    `${options} labels=tier --log-opt env=COLOUR --log-opt env-regex=^SH --log-opt tag={{.Name}}/{{.ImageName}} --label tier=front --env COLOUR=blue --env SHAPE=round`,
    "echo here",
  ),
  step("logs --details told"),
  step("logs --details --timestamps told"),
  step("inspect --format '{{json .HostConfig.LogConfig}}' told"),
  run("small", `${options} max-size=1k --log-opt max-file=2`, "for i in $(seq 1000 1100); do echo $i; done"),
  step("logs --tail 3 small"),
  step("logs --tail 5 --timestamps small"),
  step("logs --follow --tail 2 small"),
  refused("nonsense=1"),
  refusedEarly("max-size=x"),
  refusedEarly("max-size=-1"),
  refusedEarly("max-file=0"),
  refusedEarly("max-file=x"),
  refusedEarly("tag={{.Nosuch}}"),
  refused("mode=nonsense"),
  refused("max-buffer-size=1m"),
  step("rm small"),
];

const none: readonly Step[] = [
  run("unkept", "--log-driver none", "echo seen"),
  step("logs unkept"),
  step("logs --follow unkept"),
  step("inspect --format '{{json .HostConfig.LogConfig}} [{{.LogPath}}]' unkept"),
  step("start --attach unkept"),
  step("rm unkept"),
  differs("log-drivers-built-in", "create --network none --log-driver syslog busybox true"),
];

const askedWrongly: readonly Step[] = [
  step("info --format '{{.LoggingDriver}}'"),
  differs("log-drivers-built-in", "info --format '{{json .Plugins.Log}}'"),
  step("create --name made --network none busybox true"),
  step("logs made"),
  step("logs --follow nosuch"),
  step("logs --tail x made"),
  step("logs --since x made"),
  step("logs --until x made"),
  step("logs made nosuch"),
  step("rm made"),
];

/** Containers of the script whose files of `json-file` are compared as well. */
export const filesOf = ["told", "long-json-file", "growing-json-file"] as const;

/** What `docker logs` and the options of the drivers that are built in are asked for. */
export const logScript: readonly Step[] = [
  ...ofDriver("json-file"),
  ...jsonFile,
  ...ofDriver("local"),
  ...none,
  ...askedWrongly,
];

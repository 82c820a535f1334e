import { type CommandOptions, type CommandResult, runCommand } from "@davit/testkit";

// What a daemon with its usual roots touches is this system's alone, and all that runs or is mounted ends with it.
const isolation = ["--mount", "--pid", "--mount-proc", "--fork", "--kill-child", "--propagation=private"];
const ownFiles = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib";

export interface PrivateSystemOptions extends CommandOptions {
  /** Nothing but loopback. */
  readonly ownNetwork?: boolean;
  /** Lines of /etc/hosts. */
  readonly hosts?: string;
}

/** Runs a shell script where a daemon with its usual sockets and directories disturbs nobody. */
export function runInPrivateSystem(
  script: string,
  { ownNetwork = false, hosts, ...options }: PrivateSystemOptions,
): Promise<CommandResult> {
  const lines = [
    ownFiles,
    ...(ownNetwork ? ["ip link set lo up"] : []),
    ...(hosts === undefined ? [] : ['echo "$HOSTS" > /run/hosts', "mount --bind /run/hosts /etc/hosts"]),
    script,
  ];
  return runCommand(
    "unshare",
    [...isolation, ...(ownNetwork ? ["--net"] : []), "sh", "-ec", lines.join("\n")],
    {
      ...options,
      env: { ...options.env, ...(hosts === undefined ? {} : { HOSTS: hosts }) },
    },
  );
}

/** A command line that runs a daemon; from when it is ready, a script; then Ctrl-C, as at a terminal. */
export const whileItRuns = (daemon: string, script: string): string =>
  [
    "mkfifo /run/log",
    `setsid sh -c 'exec ${daemon.trim()}' > /run/log 2>&1 &`,
    "daemon=$!",
    "exec 3< /run/log",
    'while read -r line <&3; do case $line in *"completed initialization"*) break ;; esac; done',
    // A daemon whose log is full would wait.
    "cat <&3 > /run/rest &",
    "rest=$!",
    script,
    "kill -s INT -- -$daemon",
    "wait $rest",
    "grep -q msg=stopped /run/rest",
  ].join("\n");

import type { Verb } from "./command-line/verb.ts";

/** A command that is loaded when it is called: reading all of them would cost more than running one. */
export interface Leaf {
  readonly summary: string;
  load(): Promise<Verb>;
}

export interface Branch {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Leaf>>;
  /** Other words for a command. */
  readonly aliases: Readonly<Record<string, string>>;
}

const leaf = (summary: string, load: () => Promise<Verb>): Leaf => ({ summary, load });

const container = {
  attach: leaf(
    "Attach local standard input, output, and error streams to a running container",
    async () => (await import("./container/attach.ts")).attach,
  ),
  cp: leaf(
    "Copy files/folders between a container and the local filesystem",
    async () => (await import("./container/cp.ts")).cp,
  ),
  create: leaf("Create a new container", async () => (await import("./container/create.ts")).create),
  diff: leaf(
    "Inspect changes to files or directories on a container's filesystem",
    async () => (await import("./container/diff.ts")).diff,
  ),
  exec: leaf(
    "Execute a command in a running container",
    async () => (await import("./container/exec.ts")).exec,
  ),
  export: leaf(
    "Export a container's filesystem as a tar archive",
    async () => (await import("./container/export.ts")).exportContainer,
  ),
  inspect: leaf(
    "Display detailed information on one or more containers",
    async () => (await import("./container/inspect.ts")).inspect,
  ),
  kill: leaf("Kill one or more running containers", async () => (await import("./container/kill.ts")).kill),
  logs: leaf("Fetch the logs of a container", async () => (await import("./container/logs.ts")).logs),
  ls: leaf("List containers", async () => (await import("./container/ls.ts")).ls),
  pause: leaf(
    "Pause all processes within one or more containers",
    async () => (await import("./container/pause.ts")).pause,
  ),
  port: leaf(
    "List port mappings or a specific mapping for the container",
    async () => (await import("./container/port.ts")).port,
  ),
  prune: leaf("Remove all stopped containers", async () => (await import("./container/prune.ts")).prune),
  rename: leaf("Rename a container", async () => (await import("./container/rename.ts")).rename),
  restart: leaf(
    "Restart one or more containers",
    async () => (await import("./container/restart.ts")).restart,
  ),
  rm: leaf("Remove one or more containers", async () => (await import("./container/rm.ts")).rm),
  run: leaf(
    "Create and run a new container from an image",
    async () => (await import("./container/run.ts")).run,
  ),
  start: leaf(
    "Start one or more stopped containers",
    async () => (await import("./container/start.ts")).start,
  ),
  stats: leaf(
    "Display a live stream of container(s) resource usage statistics",
    async () => (await import("./container/stats.ts")).stats,
  ),
  stop: leaf("Stop one or more running containers", async () => (await import("./container/stop.ts")).stop),
  top: leaf(
    "Display the running processes of a container",
    async () => (await import("./container/top.ts")).top,
  ),
  unpause: leaf(
    "Unpause all processes within one or more containers",
    async () => (await import("./container/unpause.ts")).unpause,
  ),
  update: leaf(
    "Update configuration of one or more containers",
    async () => (await import("./container/update.ts")).update,
  ),
  wait: leaf(
    "Block until one or more containers stop, then print their exit codes",
    async () => (await import("./container/wait.ts")).wait,
  ),
} as const;

const image = {
  history: leaf("Show the history of an image", async () => (await import("./image/history.ts")).history),
  import: leaf(
    "Import the contents from a tarball to create a filesystem image",
    async () => (await import("./image/import.ts")).importImage,
  ),
  inspect: leaf(
    "Display detailed information on one or more images",
    async () => (await import("./image/inspect.ts")).inspect,
  ),
  load: leaf("Load an image from a tar archive or STDIN", async () => (await import("./image/load.ts")).load),
  ls: leaf("List images", async () => (await import("./image/ls.ts")).ls),
  prune: leaf("Remove unused images", async () => (await import("./image/prune.ts")).prune),
  pull: leaf("Download an image from a registry", async () => (await import("./image/pull.ts")).pull),
  push: leaf("Upload an image to a registry", async () => (await import("./image/push.ts")).push),
  rm: leaf("Remove one or more images", async () => (await import("./image/rm.ts")).rm),
  save: leaf(
    "Save one or more images to a tar archive (streamed to STDOUT by default)",
    async () => (await import("./image/save.ts")).save,
  ),
  tag: leaf(
    "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    async () => (await import("./image/tag.ts")).tag,
  ),
} as const;

const network = {
  connect: leaf(
    "Connect a container to a network",
    async () => (await import("./network/connect.ts")).connect,
  ),
  create: leaf("Create a network", async () => (await import("./network/create.ts")).create),
  disconnect: leaf(
    "Disconnect a container from a network",
    async () => (await import("./network/disconnect.ts")).disconnect,
  ),
  inspect: leaf(
    "Display detailed information on one or more networks",
    async () => (await import("./network/inspect.ts")).inspect,
  ),
  ls: leaf("List networks", async () => (await import("./network/ls.ts")).ls),
  prune: leaf("Remove all unused networks", async () => (await import("./network/prune.ts")).prune),
  rm: leaf("Remove one or more networks", async () => (await import("./network/rm.ts")).rm),
} as const;

const plugin = {
  create: leaf(
    "Create a plugin from a rootfs and configuration",
    async () => (await import("./plugin/create.ts")).create,
  ),
  disable: leaf("Disable a plugin", async () => (await import("./plugin/disable.ts")).disable),
  enable: leaf("Enable a plugin", async () => (await import("./plugin/enable.ts")).enable),
  inspect: leaf(
    "Display detailed information on one or more plugins",
    async () => (await import("./plugin/inspect.ts")).inspect,
  ),
  install: leaf("Install a plugin", async () => (await import("./plugin/install.ts")).install),
  load: leaf(
    "Load a plugin from an OCI archive or STDIN",
    async () => (await import("./plugin/load.ts")).load,
  ),
  ls: leaf("List plugins", async () => (await import("./plugin/ls.ts")).ls),
  offer: leaf(
    "Offer a plugin to other engines on this host, such as Podman",
    async () => (await import("./plugin/offer.ts")).offer,
  ),
  push: leaf("Push a plugin to a registry", async () => (await import("./plugin/push.ts")).push),
  rm: leaf("Remove one or more plugins", async () => (await import("./plugin/rm.ts")).rm),
  save: leaf(
    "Save a plugin to an OCI archive (streamed to STDOUT by default)",
    async () => (await import("./plugin/save.ts")).save,
  ),
  set: leaf("Change settings for a plugin", async () => (await import("./plugin/set.ts")).set),
  upgrade: leaf("Upgrade an existing plugin", async () => (await import("./plugin/upgrade.ts")).upgrade),
  withdraw: leaf(
    "Offer plugins to other engines no longer",
    async () => (await import("./plugin/withdraw.ts")).withdraw,
  ),
} as const;

const system = {
  df: leaf("Show disk usage", async () => (await import("./system/df.ts")).df),
  events: leaf(
    "Get real time events from the server",
    async () => (await import("./system/events.ts")).events,
  ),
  prune: leaf("Remove unused data", async () => (await import("./system/prune.ts")).prune),
  info: leaf("Display system-wide information", async () => (await import("./system/info.ts")).info),
} as const;

const volume = {
  create: leaf("Create a volume", async () => (await import("./volume/create.ts")).create),
  inspect: leaf(
    "Display detailed information on one or more volumes",
    async () => (await import("./volume/inspect.ts")).inspect,
  ),
  ls: leaf("List volumes", async () => (await import("./volume/ls.ts")).ls),
  prune: leaf("Remove unused local volumes", async () => (await import("./volume/prune.ts")).prune),
  rm: leaf("Remove one or more volumes", async () => (await import("./volume/rm.ts")).rm),
} as const;

/** `davit <noun> <verb>`. */
export const branches: Readonly<Record<string, Branch>> = {
  container: {
    summary: "Manage containers",
    commands: container,
    aliases: { list: "ls", ps: "ls", remove: "rm" },
  },
  image: { summary: "Manage images", commands: image, aliases: { list: "ls", remove: "rm" } },
  network: { summary: "Manage networks", commands: network, aliases: { list: "ls", remove: "rm" } },
  plugin: { summary: "Manage plugins", commands: plugin, aliases: { list: "ls", remove: "rm" } },
  system: { summary: "Manage Davit", commands: system, aliases: {} },
  volume: { summary: "Manage volumes", commands: volume, aliases: { list: "ls", remove: "rm" } },
};

/** `davit <verb>`. */
export const topLevel: Readonly<Record<string, Leaf>> = {
  run: container.run,
  exec: container.exec,
  ps: container.ls,
  attach: container.attach,
  completion: leaf(
    "Generate the completion script for a shell",
    async () => (await import("./completion/completion.ts")).completion,
  ),
  cp: container.cp,
  create: container.create,
  diff: container.diff,
  events: system.events,
  export: container.export,
  history: image.history,
  images: image.ls,
  import: image.import,
  info: system.info,
  inspect: leaf(
    "Return low-level information on Davit objects",
    async () => (await import("./system/inspect.ts")).inspect,
  ),
  kill: container.kill,
  load: image.load,
  login: leaf("Authenticate to a registry", async () => (await import("./registry/login.ts")).login),
  logout: leaf("Log out from a registry", async () => (await import("./registry/logout.ts")).logout),
  logs: container.logs,
  pause: container.pause,
  port: container.port,
  pull: image.pull,
  push: image.push,
  rename: container.rename,
  restart: container.restart,
  rm: container.rm,
  rmi: image.rm,
  save: image.save,
  start: container.start,
  stats: container.stats,
  stop: container.stop,
  tag: image.tag,
  top: container.top,
  unpause: container.unpause,
  update: container.update,
  version: leaf(
    "Show the Davit version information",
    async () => (await import("./system/version.ts")).version,
  ),
  wait: container.wait,
};

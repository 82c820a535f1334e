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
  run: leaf(
    "Create and run a new container from an image",
    async () => (await import("./container/run.ts")).run,
  ),
  ls: leaf("List containers", async () => (await import("./container/ls.ts")).ls),
  logs: leaf("Fetch the logs of a container", async () => (await import("./container/logs.ts")).logs),
  stop: leaf("Stop one or more running containers", async () => (await import("./container/stop.ts")).stop),
  kill: leaf("Kill one or more running containers", async () => (await import("./container/kill.ts")).kill),
  start: leaf(
    "Start one or more stopped containers",
    async () => (await import("./container/start.ts")).start,
  ),
  wait: leaf(
    "Block until one or more containers stop, then print their exit codes",
    async () => (await import("./container/wait.ts")).wait,
  ),
  rm: leaf("Remove one or more containers", async () => (await import("./container/rm.ts")).rm),
} as const;

const image = {
  ls: leaf("List images", async () => (await import("./image/ls.ts")).ls),
  pull: leaf("Download an image from a registry", async () => (await import("./image/pull.ts")).pull),
  load: leaf("Load an image from a tar archive or STDIN", async () => (await import("./image/load.ts")).load),
  import: leaf(
    "Import the contents from a tarball to create a filesystem image",
    async () => (await import("./image/import.ts")).importImage,
  ),
  rm: leaf("Remove one or more images", async () => (await import("./image/rm.ts")).rm),
  tag: leaf(
    "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    async () => (await import("./image/tag.ts")).tag,
  ),
} as const;

const system = {
  events: leaf(
    "Get real time events from the server",
    async () => (await import("./system/events.ts")).events,
  ),
  info: leaf("Display system-wide information", async () => (await import("./system/info.ts")).info),
} as const;

/** `davit <noun> <verb>`. */
export const branches: Readonly<Record<string, Branch>> = {
  container: {
    summary: "Manage containers",
    commands: container,
    aliases: { list: "ls", ps: "ls", remove: "rm" },
  },
  image: { summary: "Manage images", commands: image, aliases: { list: "ls", remove: "rm" } },
  plugin: {
    summary: "Manage plugins",
    commands: {
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
      ls: leaf("List plugins", async () => (await import("./plugin/ls.ts")).ls),
      push: leaf("Push a plugin to a registry", async () => (await import("./plugin/push.ts")).push),
      rm: leaf("Remove one or more plugins", async () => (await import("./plugin/rm.ts")).rm),
      set: leaf("Change settings for a plugin", async () => (await import("./plugin/set.ts")).set),
      upgrade: leaf("Upgrade an existing plugin", async () => (await import("./plugin/upgrade.ts")).upgrade),
    },
    aliases: { list: "ls", remove: "rm" },
  },
  system: { summary: "Manage Davit", commands: system, aliases: {} },
  volume: {
    summary: "Manage volumes",
    commands: {
      create: leaf("Create a volume", async () => (await import("./volume/create.ts")).create),
      inspect: leaf(
        "Display detailed information on one or more volumes",
        async () => (await import("./volume/inspect.ts")).inspect,
      ),
      ls: leaf("List volumes", async () => (await import("./volume/ls.ts")).ls),
      prune: leaf("Remove unused local volumes", async () => (await import("./volume/prune.ts")).prune),
      rm: leaf("Remove one or more volumes", async () => (await import("./volume/rm.ts")).rm),
    },
    aliases: { list: "ls", remove: "rm" },
  },
};

/** `davit <verb>`. */
export const topLevel: Readonly<Record<string, Leaf>> = {
  run: container.run,
  ps: container.ls,
  logs: container.logs,
  stop: container.stop,
  kill: container.kill,
  start: container.start,
  wait: container.wait,
  rm: container.rm,
  images: image.ls,
  pull: image.pull,
  load: image.load,
  import: image.import,
  rmi: image.rm,
  tag: image.tag,
  inspect: leaf(
    "Return low-level information on Davit objects",
    async () => (await import("./system/inspect.ts")).inspect,
  ),
  events: system.events,
  info: system.info,
  version: leaf(
    "Show the Davit version information",
    async () => (await import("./system/version.ts")).version,
  ),
  login: leaf("Authenticate to a registry", async () => (await import("./registry/login.ts")).login),
  logout: leaf("Log out from a registry", async () => (await import("./registry/logout.ts")).logout),
};

/** The three movable roots; absolute. */
export interface Roots {
  /** Survives a reboot: `/var/lib/davit`. */
  readonly data: string;
  /** Does not: `/run/davit`. */
  readonly exec: string;
  /** Where plugins' sockets appear: `/run/docker/plugins`. */
  readonly pluginSockets: string;
}

/** Where everything lies. The one place that knows the names of files below the roots. */
export class Layout {
  readonly roots: Roots;

  constructor(roots: Roots) {
    this.roots = roots;
  }

  get database(): string {
    return `${this.roots.data}/davit.db`;
  }
  get content(): string {
    return `${this.roots.data}/content`;
  }
  get snapshots(): string {
    return `${this.roots.data}/snapshots`;
  }
  /** One directory per volume of the `local` driver. */
  get volumes(): string {
    return `${this.roots.data}/volumes`;
  }
  get plugins(): string {
    return `${this.roots.data}/plugins`;
  }
  get containers(): string {
    return `${this.roots.data}/containers`;
  }

  /** FIFOs to log plugins that the engine does not manage: beside the sockets, as `/run/docker/logging` is documented. */
  get logPipes(): string {
    return `${this.roots.pluginSockets.replace(/\/[^/]*\/?$/, "")}/logging`;
  }

  /** Where the engine's metrics are served to whoever is root on the host. */
  get metricsSocket(): string {
    return `${this.roots.exec}/metrics.sock`;
  }

  /** The same for plugins that collect them. Whatever user they run as may use it; on the host only root gets that far. */
  get pluginMetrics() {
    const closedDir = `${this.roots.exec}/metrics`;
    const dir = `${closedDir}/plugins`;
    return { closedDir, dir, socket: `${dir}/metrics.sock` };
  }

  plugin(id: string) {
    const dir = `${this.plugins}/${id}`;
    return {
      dir,
      rootfs: `${dir}/rootfs`,
      propagatedMount: `${dir}/propagated-mount`,
      log: `${dir}/output.log`,
      bundle: `${this.roots.exec}/bundles/plugins.moby/${id}`,
      socketDir: `${this.roots.pluginSockets}/${id}`,
    };
  }

  container(id: string) {
    const dir = `${this.containers}/${id}`;
    return {
      dir,
      rootfs: `${dir}/rootfs`,
      log: `${dir}/output.log`,
      /** What the driver `json-file` makes of it, under the Engine's name: other programs look for it. */
      jsonLog: `${dir}/${id}-json.log`,
      jsonLogState: `${dir}/json-log-state.json`,
      /** How far the journal has it. */
      journalLogState: `${dir}/journal-log-state.json`,
      /** What plugins have been given of it. */
      pluginLogState: `${dir}/plugin-log-state.json`,
      hosts: `${dir}/hosts`,
      hostname: `${dir}/hostname`,
      resolvConf: `${dir}/resolv.conf`,
      /** What the engine mounts for a run besides the root file system. */
      mounts: `${dir}/mounts`,
      shm: `${dir}/mounts/shm`,
      bundle: `${this.roots.exec}/bundles/moby/${id}`,
    };
  }

  /** Of programs that run in containers besides their own. */
  get execBundles(): string {
    return `${this.roots.exec}/bundles/exec`;
  }

  /** A program that runs in a container besides its own. */
  exec(containerId: string, execId: string) {
    const logDir = `${this.container(containerId).dir}/exec`;
    return { logDir, log: `${logDir}/${execId}.log`, bundle: `${this.execBundles}/${execId}` };
  }
}

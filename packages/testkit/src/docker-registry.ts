import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { findPeer } from "./peers.ts";

export interface DockerRegistryOptions {
  /** Lines of an htpasswd file (bcrypt only); without it everybody may do everything. */
  readonly htpasswd?: string;
  /** Its configuration's `auth` as it is, in place of a password file. */
  readonly auth?: Readonly<Record<string, unknown>>;
}

export interface DockerRegistry {
  /** e.g. `127.0.0.1:40123` */
  readonly host: string;
  /** e.g. `http://127.0.0.1:40123` */
  readonly url: string;
  /** Ends the process and removes what it stored. */
  readonly stop: () => Promise<void>;
}

/** Starts Debian's `docker-registry` on a free loopback port with a storage directory of its own. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const dir = await mkdtemp(`${tmpdir()}/registry-`);
  const { htpasswd } = options;
  if (htpasswd !== undefined) await writeFile(`${dir}/htpasswd`, htpasswd);
  const byFile = { htpasswd: { realm: "testkit", path: `${dir}/htpasswd` } };
  const auth = htpasswd === undefined ? options.auth : byFile;
  const config = {
    version: 0.1,
    log: { level: "info", formatter: "json" },
    storage: { filesystem: { rootdirectory: `${dir}/storage` }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", secret: "testkit" },
    ...(auth && { auth }),
  };
  // JSON is YAML.
  await writeFile(`${dir}/config.yml`, JSON.stringify(config));
  const child = spawn(findPeer("docker-registry"), ["serve", `${dir}/config.yml`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const host = await listeningAddress(child);
    child.stderr.resume();
    return { host, url: `http://${host}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The registry says where it listens; port 0 leaves the choice to the kernel. */
async function listeningAddress(child: ChildProcessByStdio<null, null, Readable>): Promise<string> {
  const said: string[] = [];
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => {
      reject(new Error(`docker-registry did not start:\n${said.join("\n")}`));
    });
    const lines = createInterface({ input: child.stderr });
    lines.on("line", (line) => {
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address === undefined) {
        said.push(line);
        return;
      }
      lines.close();
      resolve(address);
    });
  });
}

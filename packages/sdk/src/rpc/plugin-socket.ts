import { chmod, lstat, mkdir, rename, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { createConnection, type ListenOptions } from "node:net";
import { dirname, resolve } from "node:path";

/** Where engines look for plugins; also where a managed plugin's own directory is mounted inside it. */
const pluginSocketDir = "/run/docker/plugins";

const socketMode = 0o660;

/** A bare file name lies in the engines' directory; anything with a slash is a path. */
export function socketPath(socket: string): string {
  return socket.includes("/") ? resolve(socket) : `${pluginSocketDir}/${socket}`;
}

/** What is listened on, until it is taken away. */
export interface HeldSocket {
  readonly path: string;
  remove(): Promise<void>;
}

/** The socket that systemd has opened for this process, if it has; else one made at `path`. */
export async function listenOn(server: Server, path: string): Promise<HeldSocket> {
  if (!takeInheritedSocket(process.env)) return await listenOnSocket(server, path);
  await listening(server, { fd: firstInherited });
  // It is systemd's, which goes on taking connections there.
  return { path, remove: () => Promise.resolve() };
}

/** The first that is handed over. https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html */
const firstInherited = 3;

/** Whether a socket was handed over to this very process; its own children are told of none. */
function takeInheritedSocket(environment: NodeJS.ProcessEnv): boolean {
  const count = environment["LISTEN_PID"] === String(process.pid) ? Number(environment["LISTEN_FDS"]) : 0;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
    Reflect.deleteProperty(environment, name);
  if (count > 1) throw new Error(`listen: ${String(count)} sockets were handed over, and a plugin has one`);
  return count === 1;
}

/**
 * Makes `server` accept connections on `path`, in place of a stale socket. The path appears in its final mode and
 * already answering, because the socket is made beside it and moved there: who watches for it need not retry.
 */
async function listenOnSocket(server: Server, path: string): Promise<PluginSocket> {
  await mkdir(dirname(path), { recursive: true });
  await refuseIfTaken(path);
  const staging = `${path}.new`;
  await rm(staging, { force: true });
  await listening(server, { path: staging });
  try {
    await chmod(staging, socketMode);
    const { ino } = await lstat(staging);
    await rename(staging, path);
    return new PluginSocket(path, ino);
  } catch (error) {
    server.close();
    throw error;
  }
}

async function listening(server: Server, on: ListenOptions & { readonly fd?: number }): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(on, () => {
      server.off("error", fail);
      done();
    });
  });
}

/** A socket in the file system that is ours to take away. */
class PluginSocket implements HeldSocket {
  readonly path: string;
  readonly #ino: number;

  constructor(path: string, ino: number) {
    this.path = path;
    this.#ino = ino;
  }

  /** A successor's socket of the same name is left alone. */
  async remove(): Promise<void> {
    const found = await lstatIfPresent(this.path);
    if (found?.ino === this.#ino) await rm(this.path, { force: true });
  }
}

async function refuseIfTaken(path: string): Promise<void> {
  const found = await lstatIfPresent(path);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`listen ${path}: exists and is not a socket`);
  if (await answers(path)) throw new Error(`listen ${path}: another process is serving it`);
}

async function lstatIfPresent(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Only a refused connection proves that a socket is stale. */
async function answers(path: string): Promise<boolean> {
  return await new Promise((done, fail) => {
    const probe = createConnection(path);
    probe.once("connect", () => {
      probe.destroy();
      done(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") done(false);
      else fail(new Error(`listen ${path}: ${error.message}`, { cause: error }));
    });
  });
}

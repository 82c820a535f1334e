import { lstatSync, unlinkSync } from "node:fs";
import { chmod, lstat, mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Door, DoorRequest, PluginDoors } from "../../core/ports/plugin-doors.ts";
import { Forwarder } from "./forwarder.ts";

/** The kernel's limit for paths of UNIX sockets, less the final zero. */
const socketPathBytes = 107;
/** A directory of this name beside the sockets; engines that look for plugins find nothing in it. */
const stagingName = ".davit";

/** Doors that forward HTTP. A door's socket is made beside its place and moved there, so it is never seen without answering. */
export class HttpDoors implements PluginDoors {
  readonly #logger: Logger;

  constructor({ logger }: { readonly logger: Logger }) {
    this.#logger = logger;
  }

  async open(request: DoorRequest): Promise<Door> {
    const { path } = request;
    const forwarder = new Forwarder(request, this.#logger);
    const server = createServer((incoming, response) => forwarder.handle(incoming, response));
    // Whoever keeps a connection for its next call would otherwise meet one that is just being closed.
    server.keepAliveTimeout = 0;
    const staging = join(dirname(path), stagingName);
    // A connection that cannot be accepted is the client's loss; a failure to listen is told by `listen`.
    server.on("error", (error) => {
      this.#logger.warn({ door: path, reason: messageOf(error) }, "error at a plugin's door");
    });
    try {
      await this.requireFree(path);
      await mkdir(staging, { recursive: true, mode: 0o700 });
      const staged = join(staging, basename(path));
      await unlink(staged).catch(ignoreAbsence);
      await listen(server, staged);
      await chmod(staged, 0o600);
      const { ino } = await lstat(staged);
      await rename(staged, path);
      return { close: () => closeDoor(path, ino, server, forwarder) };
    } catch (error) {
      server.close();
      forwarder.close();
      throw explained(path, error);
    } finally {
      // Another door may be on its way through it.
      await rmdir(staging).catch(() => undefined);
    }
  }

  async requireFree(path: string): Promise<void> {
    const length = Buffer.byteLength(join(dirname(path), stagingName, basename(path)));
    if (length > socketPathBytes) {
      throw new EngineError("invalid", `${path}: too long for a UNIX socket: use a shorter name`);
    }
    if ((await kindOf(path)) === "taken") {
      throw new EngineError("conflict", `${path} is there already, and not from here`);
    }
  }

  async clearStale(path: string): Promise<void> {
    if ((await kindOf(path)) === "stale") await unlink(path).catch(ignoreAbsence);
  }
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(path, resolve);
  await promise;
}

async function closeDoor(path: string, ino: number, server: Server, forwarder: Forwarder): Promise<void> {
  // At once: from here on nobody must find the plugin. A successor's socket of the same name is left alone.
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
  const closed = new Promise((resolve) => server.close(resolve));
  forwarder.close();
  server.closeAllConnections();
  await closed;
}

/** Only a refused connection proves that a socket is stale. */
async function kindOf(path: string): Promise<"absent" | "stale" | "taken"> {
  try {
    if (!(await lstat(path)).isSocket()) return "taken";
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return "absent";
    throw explained(path, error);
  }
  const probe = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once("connect", resolve);
      probe.once("error", reject);
    });
    return "taken";
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return "absent";
    return errnoOf(error) === "ECONNREFUSED" ? "stale" : "taken";
  } finally {
    probe.destroy();
  }
}

function ignoreAbsence(error: unknown): void {
  if (errnoOf(error) !== "ENOENT") throw error;
}

const explained = (path: string, error: unknown): EngineError =>
  error instanceof EngineError
    ? error
    : new EngineError("internal", `listen ${path}: ${messageOf(error)}`, { cause: error });

import { chmod, chown, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { EngineError, errnoOf, messageOf } from "../core/errors.ts";

/** Makes way for a socket: removes one that a dead process left behind; one that is served is a conflict. */
export async function clearStaleSocket(path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) throw new EngineError("conflict", `listen ${path}: a file is in the way`);
    if (await isServed(path)) {
      throw new EngineError("conflict", `listen ${path}: another process is listening there`);
    }
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    if (error instanceof EngineError) throw error;
    throw new EngineError("internal", `listen ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Owner and group only. Until then the umask keeps others out, since connecting needs the right to write. */
export async function protectSocket(path: string, gid: number | undefined): Promise<void> {
  if (gid !== undefined) await chown(path, 0, gid);
  await chmod(path, 0o660);
}

async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return true;
  } catch (error) {
    // Anything else (a full backlog, for one) means that somebody is there.
    if (errnoOf(error) === "ECONNREFUSED") return false;
    if (errnoOf(error) === "ENOENT") return false;
    return true;
  } finally {
    socket.destroy();
  }
}

import { mkdirSync, readFileSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { EngineError, messageOf } from "../core/errors.ts";

/**
 * Holds directories for this process alone, until it ends: two daemons on the same root would take each other's plugins for
 * leftovers. SQLite's file lock is the one that Node offers; the kernel lets go of it however the process ends. To be kept: what is collected as garbage is let go of.
 */
export function lockRoots(roots: readonly string[]): Disposable {
  const locks = new DisposableStack();
  try {
    for (const root of new Set(roots)) {
      const lock = lockRoot(root);
      locks.defer(() => lock.close());
    }
    return locks;
  } catch (error) {
    locks.dispose();
    throw error;
  }
}

/** SQLITE_BUSY. https://sqlite.org/rescode.html */
const busy = 5;

function lockRoot(root: string): DatabaseSync {
  const path = `${root}/davitd.lock`;
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(root, { recursive: true, mode: 0o711 });
    database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (!isBusy(error)) {
      throw new EngineError("unavailable", `locking ${root}: ${messageOf(error)}`, { cause: error });
    }
    const pid = holderOf(path);
    const holder = pid === undefined ? "another davitd" : `another davitd (process ${pid})`;
    throw new EngineError("conflict", `locking ${root}: ${holder} is using it`, { cause: error });
  }
}

const isBusy = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "errcode" in error && error.errcode === busy;

/** The process that has a lock on a file, if this one may see it. https://man7.org/linux/man-pages/man5/proc_locks.5.html */
function holderOf(path: string): string | undefined {
  try {
    const { ino } = statSync(path);
    const lock = readFileSync("/proc/locks", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .find((fields) => fields[5]?.endsWith(`:${ino}`));
    return lock?.[4];
  } catch {
    // Only the message is the poorer for it.
    return undefined;
  }
}

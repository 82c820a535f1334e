import { type ByteText, fromByteText, type PaxRecord, type TarEntry } from "./tar-entry.ts";
import { newHeader } from "./tar-header.ts";

/** The largest number that the owner fields of a header hold. */
const maxOwner = 0o7777777;

export interface NewEntry {
  readonly path: ByteText;
  readonly linkPath?: ByteText;
  /** The type flag; a regular file if it is left out. */
  readonly type?: string;
  readonly sizeBytes?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds; a fraction or a sign goes into a pax record. */
  readonly mtime?: string;
  readonly device?: readonly [major: number, minor: number];
  readonly pax?: readonly PaxRecord[];
}

/** An entry in the form in which a parser would have given it. */
export function makeEntry(options: NewEntry): TarEntry {
  const { type = "0", sizeBytes = 0, mode = 0o644, uid = 0, gid = 0, mtime = "0" } = options;
  const simpleTime = /^[0-9]{1,10}$/.test(mtime);
  const record = (key: string, value: string): PaxRecord => ({ key, value: fromByteText(value) });
  return {
    path: options.path,
    linkPath: options.linkPath ?? "",
    type,
    sizeBytes,
    pax: [
      ...(uid > maxOwner ? [record("uid", String(uid))] : []),
      ...(gid > maxOwner ? [record("gid", String(gid))] : []),
      ...(simpleTime ? [] : [record("mtime", mtime)]),
      ...(options.pax ?? []),
    ],
    header: newHeader({
      type,
      sizeBytes,
      mode: mode & 0o7777,
      uid: uid > maxOwner ? 0 : uid,
      gid: gid > maxOwner ? 0 : gid,
      mtime: simpleTime ? Number(mtime) : 0,
      device: options.device ?? [0, 0],
    }),
    extension: new Uint8Array(0),
    raw: new Uint8Array(0),
  };
}

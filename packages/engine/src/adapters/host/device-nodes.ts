import type { BigIntStats } from "node:fs";
import { lstat, readdir, realpath } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { SpecDevice } from "../../core/runtime-spec/spec.ts";

/** See `Host.deviceNodes`. */
export async function deviceNodes(path: string): Promise<readonly SpecDevice[]> {
  const failed = (reason: string, cause?: unknown): EngineError =>
    new EngineError(
      "internal",
      `error gathering device information while adding custom device "${path}": ${reason}`,
      { cause },
    );
  // An empty path would be resolved to the working directory.
  if (path === "") throw failed("no such file or directory");
  let devices: readonly SpecDevice[];
  try {
    const resolved = await realpath(path);
    const stats = await lstat(resolved, { bigint: true });
    const device = deviceOf(path, stats);
    if (device !== undefined) return [device];
    devices = stats.isDirectory() ? await devicesBelow(resolved, path) : [];
  } catch (error) {
    throw failed(systemMessage(error), error);
  }
  if (devices.length === 0) throw failed("not a device node");
  return devices;
}

/** Links below a directory are not followed: what they lead to was not asked for. */
async function devicesBelow(dir: string, nameInside: string): Promise<readonly SpecDevice[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = `${dir}/${entry.name}`;
      const inside = `${nameInside === "/" ? "" : nameInside.replace(/\/$/, "")}/${entry.name}`;
      if (entry.isDirectory()) return devicesBelow(path, inside);
      const device = deviceOf(inside, await lstat(path, { bigint: true }));
      return device === undefined ? [] : [device];
    }),
  );
  return found.flat();
}

function deviceOf(path: string, stats: BigIntStats): SpecDevice | undefined {
  const type = stats.isCharacterDevice()
    ? "c"
    : stats.isBlockDevice()
      ? "b"
      : stats.isFIFO()
        ? "p"
        : undefined;
  if (type === undefined) return undefined;
  return {
    path,
    type,
    ...deviceNumber(stats.rdev),
    fileMode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

/** The C library's layout: 12 + 20 bits of major, 8 + 24 of minor. */
const deviceNumber = (rdev: bigint): { readonly major: number; readonly minor: number } => ({
  major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xff_ff_f0_00n)),
  minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xff_ff_ff_00n)),
});

function systemMessage(error: unknown): string {
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") {
    return getSystemErrorMessage(error.errno);
  }
  return messageOf(error);
}

const powers = "bkmgtp";

/** `512m` and the like, in powers of 1024. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) {
    const suffix = /^[\d.]+ ?([a-z]+)$/i.exec(text.trim())?.[1];
    throw new Error(suffix === undefined ? `invalid size: '${text}'` : `invalid suffix: '${suffix}'`);
  }
  const [, amount = "", unit = ""] = match;
  return Math.trunc(Number(amount) * 1024 ** (unit === "" ? 0 : powers.indexOf(unit.toLowerCase())));
}

/** `--memory-swap`: -1 lifts the limit. */
export const parseMemorySwap = (text: string): number => (text === "-1" ? -1 : parseBytes(text));

/** `--cpus 1.5` in billionths of a CPU. */
export function parseCpus(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`failed to parse ${text} as a rational number`);
  return Math.round(Number(text) * 1e9);
}

/** `--blkio-weight-device DEVICE:WEIGHT`. */
export function parseWeight(text: string): { Path: string; Weight: number } {
  const [path = "", weight = "", ...more] = text.split(":");
  if (!path.startsWith("/dev/") || weight === "" || more.length > 0) throw new Error(`bad format: ${text}`);
  if (!/^\d+$/.test(weight)) throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: Number(weight) };
}

/** `--device-read-bps DEVICE:RATE`; the rate may have a unit. */
export function parseThrottle(text: string): { Path: string; Rate: number } {
  const [path = "", rate = "", ...more] = text.split(":");
  if (!path.startsWith("/dev/") || rate === "" || more.length > 0) throw new Error(`bad format: ${text}`);
  return { Path: path, Rate: parseBytes(rate) };
}

/** `--ulimit name=soft[:hard]`. */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw new Error(`invalid ulimit argument: ${text}`);
  const [, name = "", soft = "", hard = soft] = match;
  if (Number(hard) !== -1 && (Number(soft) > Number(hard) || Number(soft) === -1)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

/** `--restart name[:count]`. */
export function parseRestartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  const [name = "", count, ...more] = text.split(":");
  if (count !== undefined && (!/^\d+$/.test(count) || more.length > 0 || name === "")) {
    const reason = /^\d+$/.test(count) ? "" : ": maximum retry count must be an integer";
    throw new Error(`invalid restart policy format${reason}`);
  }
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

/** `--device HOST[:CONTAINER[:rwm]]`. */
export function parseDevice(text: string): {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
} {
  const [host = "", second, third] = text.split(":");
  const secondIsMode = second !== undefined && /^[rwm]{1,3}$/.test(second) && third === undefined;
  if (host === "" || text.split(":").length > 3) throw new Error(`invalid device specification: ${text}`);
  return {
    PathOnHost: host,
    PathInContainer: secondIsMode || second === undefined ? host : second,
    CgroupPermissions: (secondIsMode ? second : third) ?? "rwm",
  };
}

/** The newest API version that this client speaks. */
export const newestApiVersion = "1.51";

/** What a daemon speaks that does not say. */
const unspokenApiVersion = "1.24";

/** Negative if `a` is older than `b`. */
export function compareApiVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor === bMajor ? aMinor - bMinor : aMajor - bMajor;
}

/** The older of what the client and the daemon speak. */
export function negotiateApiVersion(daemon: string | undefined): string {
  const spoken = daemon === undefined || daemon === "" ? unspokenApiVersion : daemon;
  return compareApiVersions(spoken, newestApiVersion) < 0 ? spoken : newestApiVersion;
}

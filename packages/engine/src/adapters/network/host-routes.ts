import { readFile } from "node:fs/promises";

/** What this host has IPv4 routes to, in CIDR notation, default routes aside. https://man7.org/linux/man-pages/man5/proc_pid_net.5.html */
export async function hostRoutes(): Promise<readonly string[]> {
  const table = await readFile("/proc/self/net/route", "utf8");
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [destination, mask] = [fields[1], fields[7]];
      if (destination === undefined || mask === undefined || /^0+$/.test(mask)) return [];
      const length = littleEndian(mask).join("").replaceAll("0", "").length;
      return [
        `${littleEndian(destination)
          .map((byte) => Number.parseInt(byte, 2))
          .join(".")}/${length}`,
      ];
    });
}

/** The bytes of a number that the kernel has printed as it lies in memory, in binary digits. */
const littleEndian = (hex: string): readonly string[] =>
  [6, 4, 2, 0].map((at) =>
    Number.parseInt(hex.slice(at, at + 2), 16)
      .toString(2)
      .padStart(8, "0"),
  );

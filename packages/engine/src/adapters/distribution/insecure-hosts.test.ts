import { describe, expect, it } from "vitest";
import { InsecureHosts, type Lookup } from "./insecure-hosts.ts";

const addresses: Readonly<Record<string, string>> = { "local.test": "127.0.0.1", "lab.test": "10.1.2.3" };
const lookup: Lookup = async (hostname) => {
  const address = addresses[hostname];
  if (address === undefined) throw new Error("ENOTFOUND");
  return [{ address, family: 4 }];
};

describe("InsecureHosts", () => {
  const hosts = new InsecureHosts(["Registry.test:5000", "10.0.0.0/8", "fd00::/8"], lookup);

  it.each([
    ["127.0.0.1:5000", true],
    ["127.9.9.9", true],
    ["localhost:5000", true],
    ["[::1]:5000", true],
    ["registry.test:5000", true],
    ["registry.test:5001", false],
    ["registry.test", false],
    ["10.200.0.1:5000", true],
    ["11.0.0.1:5000", false],
    ["[fd00::1]:5000", true],
    ["[fe80::1]:5000", false],
    ["local.test:5000", true],
    ["lab.test", true],
    ["unknown.test", false],
  ])("answers for %s: %s", async (host, expected) => {
    expect(await hosts.includes(host)).toBe(expected);
  });

  it.each(["http://registry.test", "10.0.0.0/33"])("refuses the entry %s", (entry) => {
    expect(() => new InsecureHosts([entry], lookup)).toThrow(`insecure registry ${entry}`);
  });

  it("resolves a name once for many questions", async () => {
    let lookups = 0;
    const counting = new InsecureHosts([], async (hostname) => {
      lookups++;
      return await lookup(hostname);
    });
    await Promise.all([counting.includes("lab.test"), counting.includes("lab.test:5000")]);
    expect(lookups).toBe(1);
  });
});

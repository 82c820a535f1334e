import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork();

beforeAll(async () => {
  const { engine, plugin } = davitd;
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await engine.ok(["plugin", "create", "acme/v", plugin]);
  await engine.ok(["network", "create", "net"]);
  const run = "run --detach --name web --network net --network-alias w --volume one:/data busybox sleep 600";
  await engine.ok(run.split(" "));
});

/** Where a member is, and from which version on to which it is told (https://docs.docker.com/reference/api/engine/version-history/). */
const members: readonly {
  readonly path: string;
  readonly member: readonly (string | number)[];
  readonly from?: number;
  readonly to?: number;
}[] = [
  { path: "/info", member: ["ExecutionDriver"], to: 24 },
  { path: "/info", member: ["BridgeNfIptables"], to: 49 },
  { path: "/images/json", member: [0, "VirtualSize"], to: 43 },
  { path: "/images/busybox/json", member: ["VirtualSize"], to: 43 },
  { path: "/images/busybox/json", member: ["Container"], to: 44 },
  { path: "/images/busybox/json", member: ["Config", "Hostname"], to: 49 },
  { path: "/system/df", member: ["Images", 0, "VirtualSize"], to: 43 },
  {
    path: "/system/df",
    member: ["Containers", 0, "NetworkSettings", "Networks", "net", "GwPriority"],
    from: 48,
  },
  { path: "/containers/json", member: [0, "NetworkSettings", "Networks", "net", "DNSNames"], from: 44 },
  { path: "/containers/json", member: [0, "NetworkSettings", "Networks", "net", "GwPriority"], from: 48 },
  { path: "/containers/web/json", member: ["NetworkSettings", "Networks", "net", "DNSNames"], from: 44 },
  { path: "/containers/web/json", member: ["NetworkSettings", "Networks", "net", "GwPriority"], from: 48 },
  { path: "/networks/net", member: ["Containers"] },
  { path: "/networks/net", member: ["EnableIPv4"], from: 48 },
  { path: "/networks", member: [0, "EnableIPv4"], from: 48 },
  { path: "/volumes", member: ["Volumes", 0, "Mountpoint"] },
  { path: "/volumes/one", member: ["CreatedAt"] },
  { path: "/plugins", member: [0, "Settings", "Env"] },
  { path: "/plugins/acme/v/json", member: ["Config", "Interface", "Types"] },
  { path: "/version", member: ["ApiVersion"] },
  { path: "/containers/web/top", member: ["Titles"] },
  { path: "/images/busybox/history", member: [0, "Id"] },
];

const hasMember = (value: unknown, [first, ...rest]: readonly (string | number)[]): boolean => {
  if (first === undefined) return true;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, first)) return false;
  const below: unknown = Object.entries(value).find(([name]) => name === String(first))?.[1];
  return hasMember(below, rest);
};

describe.each(Array.from({ length: 28 }, (_, index) => 24 + index))("version 1.%i", (minor) => {
  test.each(members)(
    "GET $path tells $member in the versions that have it",
    async ({ path, member, from = 0, to = 99 }) => {
      const { status, headers, body } = await davitd.engine.request("GET", `/v1.${String(minor)}${path}`);
      expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/json" });
      expect(hasMember(JSON.parse(body), member)).toBe(minor >= from && minor <= to);
    },
  );
});

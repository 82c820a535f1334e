import { busyboxRootfs } from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork(
  "--default-address-pool=base=10.61.0.0/23,size=24",
  "--default-address-pool=base=fd61::/56,size=64",
);
const subnets = async (name: string): Promise<readonly string[]> => {
  const said = await davitd.engine.ok([
    "network",
    "inspect",
    "--format",
    "{{range .IPAM.Config}}{{.Subnet}} {{end}}",
    name,
  ]);
  return said.trim().split(" ");
};

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => davitd.engine.docker(["network", "prune", "--force"]));

test("networks get their subnets from where the settings say, as info tells", async () => {
  const { engine } = davitd;
  await engine.ok(["network", "create", "one"]);
  expect(await subnets("one")).toEqual(["10.61.0.0/24"]);
  await engine.ok(["network", "create", "--ipv6", "both"]);
  expect(await subnets("both")).toEqual(["10.61.1.0/24", "fd61::/64"]);
  const { stderr } = await engine.docker(["network", "create", "more"]);
  expect(stderr).toContain("could not find an available, non-overlapping IPv4 address pool");
  await engine.ok(["run", "--rm", "--network", "both", "busybox", "ping", "-c", "1", "fd61::1"]);
  expect(await engine.ok(["info", "--format", "{{json .DefaultAddressPools}}"])).toBe(
    '[{"Base":"10.61.0.0/23","Size":24},{"Base":"fd61::/56","Size":64}]',
  );
  await engine.ok(["network", "rm", "one"]);
  await engine.ok(["network", "create", "more"]);
  expect(await subnets("more")).toEqual(["10.61.0.0/24"]);
});

test("networks keep their subnets through a restart, in or beside what the settings say", async () => {
  const { engine } = davitd;
  await engine.ok(["network", "create", "--subnet", "10.61.9.0/24", "own"]);
  await engine.stop();
  await engine.start();
  expect(await subnets("own")).toEqual(["10.61.9.0/24"]);
  expect(await subnets("both")).toEqual(["10.61.1.0/24", "fd61::/64"]);
});
